import Apus
import ArgumentParser

/// `apus export`
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a network as an ONNX file, for ONNX Runtime and everything else that reads such files.",
    discussion: """
      EXAMPLES
        apus export runs/lenet5-mnist --output lenet5.onnx
        apus export resnet18 --weights resnet18.pth --output resnet18.onnx --fold-batch-norm

      The file computes what the network computes in use, without dropout, for any number of samples. It takes what \
      the network itself takes: pictures normalized as for the training. The names of a run's classes are in its \
      metadata, under classes.
      """)

  @Argument(help: ArgumentHelp("The folder of a run or a model's name.", valueName: "run|model")) var model: String
  @Option(help: ArgumentHelp("The ONNX file to write.", valueName: "file")) var output: String
  @Option(help: ArgumentHelp("Weights of a model: .safetensors, .pth or .npz.", valueName: "file")) var weights: String?
  @Option(help: ArgumentHelp("Outputs of a model; by default those of its weights.", valueName: "n")) var classes: Int?
  @Option(help: ArgumentHelp("Shape of the input, the batch first.", valueName: "1,1,28,28")) var inputShape: String?
  @Flag(help: "Make batch normalizations part of the convolutions before them.") var foldBatchNorm = false
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let shape = try inputShape.map { try NumberList.shape($0, option: "--input-shape") }
    let report = try ModelExport.run(
      model, options: try form.options(), classCount: classes, weights: weights,
      sampleShape: shape.map { Array($0.dropFirst()) }, foldsBatchNorm: foldBatchNorm, to: output)
    try out.print(report) { FileTexts.export(report) }
  }
}
