#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate is multiplied by a factor at regular times: `base * factor^floor(time / period)`, as
/// `torch.optim.lr_scheduler.StepLR`.
///
/// ```swift
/// options.schedule = StepSchedule(every: 10, factor: 0.5)
/// ```
public struct StepSchedule: LearningRateSchedule, Hashable, Codable {
  /// The time from one change to the next.
  public var period: Double
  /// What the rate is multiplied by.
  public var factor: Double

  /// A schedule; ``validate()`` checks its numbers.
  public init(every period: Double, factor: Double = 0.1) {
    self.period = period
    self.factor = factor
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    base * pow(factor, (time / period).rounded(.down))
  }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("period", positive: period)
    try HyperparameterError.check("factor", positive: factor)
  }
}
