/// The same learning rate all the time; what ``WarmUp`` goes on with by default.
///
/// ```swift
/// options.schedule = WarmUp(over: 5, then: ConstantSchedule())
/// ```
public struct ConstantSchedule: LearningRateSchedule, Hashable, Codable {
  /// The schedule.
  public init() {}

  /// The base.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double { base }
}
