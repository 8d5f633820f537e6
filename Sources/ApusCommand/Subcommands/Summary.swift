import Apus
import ArgumentParser

/// `apus summary`
struct Summary: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a model layer by layer: output shapes, parameters, multiply-adds, planned memory.",
    discussion: """
      EXAMPLES
        apus summary lenet5
        apus summary mlp --hidden 300,100 --input-shape 1,1,28,28
        apus summary runs/mlp-digits --json

      The multiply-adds are those of the input shape, whose first number is the batch (1). The memory is what the \
      compiler plans for a training step in batches of --batch-size.
      """)

  @Argument(help: ArgumentHelp("A model's name or the folder of a run.", valueName: "model|run")) var model: String
  @Option(help: ArgumentHelp("Shape of the input, the batch first.", valueName: "1,1,28,28")) var inputShape: String?
  @Option(help: "Samples in a training step, for the memory.") var batchSize = 64
  @Option(help: "\(OptimizerConfiguration.names.joined(separator: ", ")); for the memory.") var optimizer = "adam"
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let shape = try inputShape.map { try NumberList.shape($0, option: "--input-shape") }
    let report = try SummaryReport(
      model, options: try form.options(), inputShape: shape, batchSize: batchSize, optimizer: optimizer,
      compute: compute)
    try out.print(report) { report.text }
  }
}
