#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate falls by a factor in each unit of time: `base * factor^floor(time)`, as
/// `torch.optim.lr_scheduler.ExponentialLR`; without stairs `base * factor^time`.
///
/// ```swift
/// options.schedule = ExponentialSchedule(factor: 0.95)
/// ```
public struct ExponentialSchedule: LearningRateSchedule, Hashable, Codable {
  /// What the rate is multiplied by.
  public var factor: Double
  /// Whether the rate stays the same during a unit of time.
  public var isStaircase: Bool

  /// A schedule; ``validate()`` checks its numbers.
  public init(factor: Double, isStaircase: Bool = true) {
    self.factor = factor
    self.isStaircase = isStaircase
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    base * pow(factor, isStaircase ? time.rounded(.down) : time)
  }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) { try HyperparameterError.check("factor", positive: factor) }
}
