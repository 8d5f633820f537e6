import ApusOptimizers

/// Where a training stands: everything but weights and the optimizer's state.
struct TrainingPosition: Sendable, Hashable, Codable {
  /// Updates done.
  var step = 0
  /// The epoch under way, counted from 0.
  var epoch = 0
  /// Its next batch.
  var batch = 0
  /// The sums of its batches so far.
  var running = RunningMetrics()
  /// Seconds it took so far.
  var epochSeconds = 0.0
  /// Seconds of training before this moment.
  var seconds = 0.0
  /// The best epoch so far.
  var stopping = EarlyStopping.State()
  /// Whether early stopping has ended the training.
  var isStopped = false
  /// What the learning rate's fall on plateaus has seen; nil without one.
  var plateau: ReduceOnPlateau.State?
  /// How many epochs were planned; nil in checkpoints of older versions.
  var epochs: Int?
  /// The finished epochs.
  var history: [EpochRecord] = []
}
