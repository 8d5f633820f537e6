/// When a hook is called.
public enum HookPeriod: Sendable, Hashable {
  /// After every so many steps.
  case steps(Int)
  /// After every so many epochs.
  case epochs(Int)
  /// After every so many steps, and besides after every so many epochs.
  case stepsAndEpochs(Int, Int)

  /// The number of steps and the number of epochs; nil where it is not called after such.
  private var counts: (steps: Int?, epochs: Int?) {
    switch self {
    case .steps(let steps): (steps, nil)
    case .epochs(let epochs): (nil, epochs)
    case .stepsAndEpochs(let steps, let epochs): (steps, epochs)
    }
  }

  func matches(_ moment: TrainingMoment) -> Bool {
    if let record = moment.record { return counts.epochs.map { record.epoch % $0 == 0 } ?? false }
    return counts.steps.map { moment.step % $0 == 0 } ?? false
  }

  /// Refuses numbers below 1.
  func validate(_ hook: String) throws {
    for (count, unit) in [(counts.steps, "steps"), (counts.epochs, "epochs")] {
      guard let count, count < 1 else { continue }
      throw TrainingError(
        "hook '\(hook)'", "cannot be called every \(count) \(unit)", advice: "choose a whole number of at least 1")
    }
  }
}

/// Something to be done now and then during a training: log, draw, change the learning rate, stop.
///
/// ```swift
/// trainer.hooks = [
///   LambdaHook("learning rate", every: .epochs(10)) { $0.control?.optimizer.learningRate /= 2 },
///   LambdaHook("time limit", every: .steps(1)) { if late() { $0.control?.stop("the time is up") } },
/// ]
/// ```
/// Hooks are called in their order. What a hook throws ends the training with a message that names it; the checkpoints
/// stay.
public protocol TrainingHook: AnyObject {
  /// What messages call it.
  var name: String { get }
  /// When it is called.
  var period: HookPeriod { get }

  /// Called once before the first step, when weights and position are those the training begins or goes on with.
  func begin(_ training: TrainingControl) throws
  /// Called after a step or an epoch.
  func run(_ moment: TrainingMoment) throws
  /// Called once when the training has come to its end, the result being saved; not after an error.
  func end(_ training: TrainingControl) throws
}

extension TrainingHook {
  /// Does nothing.
  public func begin(_ training: TrainingControl) throws {}
  /// Does nothing.
  public func end(_ training: TrainingControl) throws {}
}

/// A hook made of closures.
///
/// ```swift
/// LambdaHook("print", every: .steps(100)) { print($0.step, $0.loss) }
/// ```
public final class LambdaHook: TrainingHook {
  /// What messages call it.
  public let name: String
  /// When it is called.
  public let period: HookPeriod
  private let atBegin: (TrainingControl) throws -> Void
  private let atEnd: (TrainingControl) throws -> Void
  private let body: (TrainingMoment) throws -> Void

  /// A hook.
  public init(
    _ name: String, every period: HookPeriod, begin: @escaping (TrainingControl) throws -> Void = { _ in },
    end: @escaping (TrainingControl) throws -> Void = { _ in }, run: @escaping (TrainingMoment) throws -> Void
  ) {
    self.name = name
    self.period = period
    (atBegin, atEnd, body) = (begin, end, run)
  }

  /// Calls the closure.
  public func begin(_ training: TrainingControl) throws { try atBegin(training) }
  /// Calls the closure.
  public func run(_ moment: TrainingMoment) throws { try body(moment) }
  /// Calls the closure.
  public func end(_ training: TrainingControl) throws { try atEnd(training) }
}

/// A moment of a training, as hooks and progress displays see it.
public struct TrainingMoment {
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
  /// The loss of the last step's batch; nil before the first step of this process.
  public var batchLoss: Double?
  /// The learning rate of the last step.
  public var learningRate: Double?
  /// Seconds a step takes in this epoch; nil before the first.
  public var secondsPerStep: Double?
  /// Training samples a second in this epoch.
  public var samplesPerSecond: Double
  /// What is known of the epoch when it is finished; nil inside it.
  public var record: EpochRecord?
  /// Whether the epoch is the best so far; nil without a validation part or inside an epoch.
  public var isBest: Bool?
  /// The training: its parameters, gradients, learning rate, and how to stop it; nil for progress displays.
  public var control: TrainingControl?
}
