#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate falls as a power of the time that is left: `minimum + (base - minimum) (1 - time / length)^power`, and
/// stays at the minimum afterwards; with a minimum of 0 as `torch.optim.lr_scheduler.PolynomialLR`.
///
/// A power of 1 is a straight line.
///
/// ```swift
/// options.schedule = PolynomialSchedule(power: 2)
/// ```
public struct PolynomialSchedule: LearningRateSchedule, Hashable, Codable {
  /// The power.
  public var power: Double
  /// The time it takes; nil is the whole training.
  public var length: Double?
  /// The rate at the end.
  public var minimum: Double

  /// A schedule; ``validate()`` checks its numbers.
  public init(power: Double = 1, over length: Double? = nil, minimum: Double = 0) {
    self.power = power
    self.length = length
    self.minimum = minimum
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    minimum + (base - minimum) * pow(1 - min(time / (length ?? total), 1), power)
  }

  /// Whether no length was given.
  public var dependsOnTotal: Bool { length == nil }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("power", positive: power)
    if let length { try HyperparameterError.check("length", positive: length) }
    try HyperparameterError.check("minimum", atLeastZero: minimum)
  }
}
