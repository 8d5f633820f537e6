import Apus
import ArgumentParser

/// What a training records beside its checkpoints.
struct RecordingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Metrics on the validation and test parts, separated by commas.", valueName: "names"))
  var metrics: String?

  @Option(
    help: ArgumentHelp(
      "Record how weights, gradients and activations are spread every so many epochs (statistics.jsonl).",
      valueName: "epochs"))
  var statistics: Int?

  @Flag(inversion: .prefixedNo, help: "Write files for TensorBoard into the run's folder events.")
  var tensorboard = true

  /// The arguments as a training takes them.
  func options() -> RecordingOptions {
    var options = RecordingOptions()
    options.metrics = metrics.map(MetricNames.list)
    (options.statisticsEpochs, options.tensorBoard) = (statistics, tensorboard)
    return options
  }
}
