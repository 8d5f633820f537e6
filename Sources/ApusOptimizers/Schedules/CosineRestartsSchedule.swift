#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate falls along half a cosine again and again, each time from the base (SGDR: Loshchilov and Hutter, 2017),
/// as `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`.
///
///     minimum + (base - minimum) (1 + cos(pi u / T)) / 2,  u the time since the last restart, T its period
///
/// The first period is `period`, each later one `growth` times the one before.
///
/// ```swift
/// options.schedule = CosineRestartsSchedule(every: 10, growth: 2)     // restarts at 10, 30, 70, ...
/// ```
public struct CosineRestartsSchedule: LearningRateSchedule, Hashable, Codable {
  /// The length of the first period.
  public var period: Double
  /// How much longer each period is than the one before.
  public var growth: Double
  /// The rate at the end of a period.
  public var minimum: Double

  /// A schedule; ``validate()`` checks its numbers.
  public init(every period: Double, growth: Double = 1, minimum: Double = 0) {
    self.period = period
    self.growth = growth
    self.minimum = minimum
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    var (rest, length) = (time, period)
    if growth == 1 {
      rest = time.truncatingRemainder(dividingBy: period)
    } else {
      while rest >= length {
        rest -= length
        length *= growth
      }
    }
    return minimum + (base - minimum) * (1 + cos(.pi * rest / length)) / 2
  }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("period", positive: period)
    guard growth.isFinite, growth >= 1 else {
      throw HyperparameterError(name: "growth", value: growth, requirement: "a number of at least 1")
    }
    try HyperparameterError.check("minimum", atLeastZero: minimum)
  }
}
