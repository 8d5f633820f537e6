import Apus
import ArgumentParser

/// `apus infer`
struct Infer: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute raw outputs of a model for raw inputs.",
    discussion: """
      EXAMPLES
        apus infer lenet5 --weights lenet5.safetensors --input x.npy --output y.npy
        apus infer resnet18.onnx --input x.npy --output y.npy
        apus infer mlp --weights runs/mlp-digits/model.safetensors --input x.safetensors --output y.safetensors

      Inputs are taken as they are, without normalization: an array [N, ...] in an .npy file, or the tensor called \
      input, or the only one, of a safetensors file. In safetensors the outputs are the tensor called output.
      """)

  @Argument(help: "The model: an ONNX file, or \(ModelCatalog.names.joined(separator: ", ")).") var model: String
  @Option(
    help: ArgumentHelp("Its weights: .safetensors, .pth or .npz; an ONNX file holds its own.", valueName: "file"))
  var weights: String?
  @Option(help: ArgumentHelp("Inputs, .npy or .safetensors.", valueName: "file")) var input: String
  @Option(help: ArgumentHelp("Where the outputs go, .npy or .safetensors.", valueName: "file")) var output: String
  @Option(help: ArgumentHelp("Outputs of the model; by default those of its weights.", valueName: "n")) var classes:
    Int?
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let report = try Inference.run(
      model: model, options: try form.options(), classCount: classes, weights: weights, input: input, output: output)
    try out.print(report) { "\(report.inputShape) -> \(report.outputShape), written to \(report.output)" }
  }
}
