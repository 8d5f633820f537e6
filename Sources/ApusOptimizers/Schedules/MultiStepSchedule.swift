#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The learning rate is multiplied by a factor at given times: `base * factor^(milestones reached)`, as
/// `torch.optim.lr_scheduler.MultiStepLR`.
///
/// ```swift
/// options.schedule = MultiStepSchedule(milestones: [30, 60, 80], factor: 0.2)
/// ```
public struct MultiStepSchedule: LearningRateSchedule, Hashable, Codable {
  /// The times of the changes, growing.
  public var milestones: [Double]
  /// What the rate is multiplied by.
  public var factor: Double

  /// A schedule; ``validate()`` checks its numbers.
  public init(milestones: [Double], factor: Double = 0.1) {
    self.milestones = milestones
    self.factor = factor
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    base * pow(factor, Double(milestones.count { $0 <= time }))
  }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("factor", positive: factor)
    for (position, milestone) in milestones.enumerated() {
      try HyperparameterError.check("milestones", positive: milestone)
      if position > 0, milestone <= milestones[position - 1] {
        throw HyperparameterError(name: "milestones", value: milestone, requirement: "numbers that grow")
      }
    }
  }
}
