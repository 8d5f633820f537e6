import Apus
import ApusCompiler
import ArgumentParser

/// Options of every subcommand.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON object on standard output and nothing else there.")
  var json = false

  /// Prints the report: as JSON, or as text for people.
  func print(_ report: some Encodable, text: () -> String) throws {
    let line = json ? try JSON.report(report) : text()
    guard StandardStreams.output(line.hasSuffix("\n") ? line : line + "\n") else {
      throw TrainingError("standard output", "cannot be written", advice: "check where it goes")
    }
  }
}

/// Options of subcommands that compute.
struct ComputeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads to compute with; by default all processors.", valueName: "n"))
  var threads: Int?

  @Flag(help: "Give the same bits for any number of threads; slower.")
  var deterministic = false

  @Flag(
    help: """
      Time the kernels that could compute each convolution, once on a machine, and take the fastest; slower to begin with. \
      What was found is kept in ~/.cache/apus.
      """)
  var measureKernels = false

  /// The number of threads.
  var threadCount: Int { threads ?? CPUOptions.availableThreads }

  /// Makes the executor that every computation uses.
  @discardableResult
  func install() throws -> PlanExecutor {
    let executor = CPUExecutor.make(options: try options())
    Execution.install(executor)
    return executor
  }

  /// What the executor is asked for.
  ///
  /// - Throws: `TrainingError` when the options are impossible.
  func options() throws -> CPUOptions {
    guard threadCount >= 1, threadCount <= 1024 else {
      throw TrainingError("--threads", "cannot be \(threadCount)", advice: "it must be a whole number from 1 to 1024")
    }
    guard !(measureKernels && deterministic) else {
      throw TrainingError(
        "--measure-kernels", "cannot go with --deterministic", advice: "the same bits need fixed kernels: leave one out"
      )
    }
    return CPUOptions(threads: threadCount, isDeterministic: deterministic, measuresKernels: measureKernels)
  }
}
