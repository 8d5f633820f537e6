/// When a hook is called.
public enum HookPeriod: Sendable, Hashable {
  /// After every so many steps.
  case steps(Int)
  /// After every so many epochs.
  case epochs(Int)

  func matches(_ moment: TrainingMoment) -> Bool {
    switch self {
    case .steps(let count): moment.record == nil && count > 0 && moment.step % count == 0
    case .epochs(let count): moment.record.map { count > 0 && $0.epoch % count == 0 } ?? false
    }
  }
}

/// Something to be done now and then during a training: log, draw, change the learning rate.
public protocol TrainingHook: AnyObject {
  /// What messages call it.
  var name: String { get }
  /// When it is called.
  var period: HookPeriod { get }

  /// Called after a step or an epoch; an error ends the training, whose checkpoints stay.
  func run(_ moment: TrainingMoment) throws
}

/// A moment of a training, as hooks and progress displays see it.
public struct TrainingMoment: Sendable {
  /// Updates done since the start.
  public var step: Int
  /// The epoch, counted from 1.
  public var epoch: Int
  /// How many epochs there will be at most.
  public var epochs: Int
  /// Batches of the epoch done.
  public var batch: Int
  /// Batches in an epoch.
  public var batches: Int
  /// The mean loss of the epoch so far.
  public var loss: Double
  /// The accuracy of the epoch so far; nil when the targets are not classes.
  public var accuracy: Double?
  /// Seconds a step takes in this epoch; nil before the first.
  public var secondsPerStep: Double?
  /// Training samples a second in this epoch.
  public var samplesPerSecond: Double
  /// What is known of the epoch when it is finished; nil inside it.
  public var record: EpochRecord?
  /// Whether the epoch is the best so far; nil without a validation part or inside an epoch.
  public var isBest: Bool?
}
