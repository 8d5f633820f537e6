/// How the learning rate changes during a training: a pure function of the time, so that a resumed training needs nothing
/// of the one before.
///
/// ```swift
/// struct Halving: LearningRateSchedule {
///   func learningRate(_ base: Double, at time: Double, of total: Double) -> Double { base * (time < total / 2 ? 1 : 0.5) }
///   var dependsOnTotal: Bool { true }
/// }
/// ```
/// A `Trainer` asks for the rate before each step. Time is counted in epochs, parts of them included, or in steps; see
/// ``ScheduleUnit``.
public protocol LearningRateSchedule: Sendable {
  /// The learning rate of the step at `time`.
  ///
  /// - Parameters:
  ///   - base: the learning rate that the optimizer was made with.
  ///   - time: the time before the step, 0 before the first one.
  ///   - total: the time when the training ends.
  func learningRate(_ base: Double, at time: Double, of total: Double) -> Double

  /// Whether a longer training has other learning rates from the beginning.
  var dependsOnTotal: Bool { get }

  /// Checks the numbers of the schedule.
  ///
  /// - Throws: ``HyperparameterError`` that names the first impossible one.
  func validate() throws(HyperparameterError)
}

extension LearningRateSchedule {
  /// The rates do not depend on the length of the training.
  public var dependsOnTotal: Bool { false }
  /// All is well.
  public func validate() throws(HyperparameterError) {}
}

/// In what a schedule counts time.
public enum ScheduleUnit: String, Sendable, Hashable, Codable, CaseIterable {
  /// Epochs: 2.5 is the middle of the third one.
  case epochs
  /// Steps of the optimizer.
  case steps
}
