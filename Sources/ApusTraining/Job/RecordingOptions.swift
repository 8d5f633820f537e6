/// What a training records beside its checkpoints; nothing of it changes what is learnt.
///
/// A resumed training does not remember them: they are given again.
public struct RecordingOptions: Sendable, Hashable {
  /// Names of the metrics on the validation and the test part; nil for the usual ones of the task.
  public var metrics: [String]?
  /// Epochs from one record of weights, gradients and activations to the next; nil records none.
  public var statisticsEpochs: Int?
  /// Whether files for TensorBoard are written.
  public var tensorBoard = true

  /// The usual options.
  public init() {}

  /// The metrics.
  ///
  /// - Throws: ``TrainingError`` when there is none of a name.
  func chosenMetrics() throws -> [Metric]? { try metrics?.map { try Metric.named($0) } }

  /// The hooks that record into a run's folder.
  ///
  /// - Throws: ``TrainingError`` when the epochs are impossible.
  func hooks(_ run: RunFolder) throws -> [any TrainingHook] {
    if let epochs = statisticsEpochs, epochs < 1 {
      throw TrainingError.impossible("--statistics", epochs, "a whole number of at least 1")
    }
    let statistics = statisticsEpochs.map { StatisticsHook(epochs: $0) }
    let board = tensorBoard ? TensorBoardHook(folder: run.events, statistics: statistics) : nil
    let hooks: [(any TrainingHook)?] = [statistics, board]
    return hooks.compactMap { $0 }
  }
}
