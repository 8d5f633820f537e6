import Apus
import ArgumentParser

/// `apus bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time one whole step of a model after warm-up.",
    discussion: """
      EXAMPLES
        apus bench lenet5 --batch-size 128 --mode train --optimizer adam --threads 2
        apus bench mlp --batch-size 32 --mode infer --steps 500 --json
        apus bench mlp --serve       # says that it is ready, then answers lines "run SECONDS" on standard input
      """)

  @Argument(help: "The model: \(ModelCatalog.names.joined(separator: ", ")), or elman.") var model: String
  @Option(help: "Samples in a step.") var batchSize = 32
  @Option(help: "train (forward, loss, backward, update) or infer (outputs).") var mode = StepBenchmark.Mode.train
  @Option(help: "Steps to time; by default as many as two seconds hold.") var steps: Int?
  @Option(help: "\(OptimizerConfiguration.names.joined(separator: ", ")).") var optimizer = "momentum"
  @Flag(help: "Answer lines 'run SECONDS' of standard input, each with a line of JSON.") var serve = false
  @OptionGroup(title: "Form of the model") var form: FormOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    let executor = try compute.install()
    let request = BenchmarkRequest(
      model: model, options: try form.options(), mode: mode, batchSize: batchSize, optimizer: optimizer, steps: steps,
      threads: compute.threadCount)
    if serve { return try BenchmarkServer(request).run() }
    let report = try BenchmarkReport(request)
    try out.print(report) { Texts.benchmark(report) }
    if executor.isProfiling { StandardStreams.error(executor.profileReport() + "\n") }
  }
}

extension StepBenchmark.Mode: ExpressibleByArgument {}
