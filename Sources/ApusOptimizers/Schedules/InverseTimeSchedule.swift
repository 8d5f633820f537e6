#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate falls as one over the time: `base / (1 + decay * floor(time))^power` (Robbins and Monro, 1951).
///
/// With a decay of 1 and steps as the unit the rate of update r, counted from 1, is `base / r`, the lecture notes' example
/// of rates that fall to 0 while their sum is infinite and the sum of their squares is not; that holds for powers above
/// 1/2 and up to 1.
///
/// ```swift
/// options.schedule = InverseTimeSchedule(decay: 1)
/// options.scheduleUnit = .steps
/// ```
public struct InverseTimeSchedule: LearningRateSchedule, Hashable, Codable {
  /// How fast the rate falls.
  public var decay: Double
  /// The power of the time.
  public var power: Double
  /// Whether the rate stays the same during a unit of time.
  public var isStaircase: Bool

  /// A schedule; ``validate()`` checks its numbers.
  public init(decay: Double = 1, power: Double = 1, isStaircase: Bool = true) {
    self.decay = decay
    self.power = power
    self.isStaircase = isStaircase
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    base / pow(1 + decay * (isStaircase ? time.rounded(.down) : time), power)
  }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("decay", positive: decay)
    try HyperparameterError.check("power", positive: power)
  }
}
