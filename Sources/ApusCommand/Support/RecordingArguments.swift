import Apus
import ArgumentParser

/// What a training keeps on disk.
struct RecordingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of the run (a new one under runs).", valueName: "dir")) var output: String?

  @Flag(help: "Go on with the run in --output.") var resume = false

  @Option(help: ArgumentHelp("Steps between checkpoints inside an epoch.", valueName: "steps")) var checkpointSteps:
    Int?

  @Option(help: ArgumentHelp("Seconds between checkpoints inside an epoch (30).", valueName: "seconds"))
  var checkpointSeconds: Double?

  @Option(
    help: ArgumentHelp(
      "Record how weights, gradients and activations are spread every so many epochs (statistics.jsonl).",
      valueName: "epochs"))
  var statistics: Int?

  @Flag(inversion: .prefixedNo, help: "Write files for TensorBoard into the run's folder events.")
  var tensorboard = true

  /// The arguments as a training takes them.
  ///
  /// - Parameter metrics: names separated by commas.
  func options(metrics: String?) -> RecordingOptions {
    var options = RecordingOptions()
    options.metrics = metrics.map(MetricNames.list)
    (options.statisticsEpochs, options.tensorBoard) = (statistics, tensorboard)
    return options
  }
}
