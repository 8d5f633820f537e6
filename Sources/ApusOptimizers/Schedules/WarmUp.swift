/// The learning rate first rises along a straight line, then another schedule begins, its time counted from there (Goyal
/// and others, 2017); the rise is `torch.optim.lr_scheduler.LinearLR`, the whole `SequentialLR`.
///
/// During the rise the rate is `(from + (1 - from) time / length)` times the rate the other schedule begins with.
///
/// ```swift
/// options.schedule = WarmUp(over: 5, from: 0.01, then: CosineSchedule())
/// ```
public struct WarmUp<Next: LearningRateSchedule>: LearningRateSchedule {
  /// The time the rise takes.
  public var length: Double
  /// The part of the rate it begins with.
  public var from: Double
  /// What comes then.
  public var next: Next

  /// A schedule; ``validate()`` checks its numbers.
  public init(over length: Double, from: Double = 0.01, then next: Next) {
    self.length = length
    self.from = from
    self.next = next
  }

  /// The rate.
  public func learningRate(_ base: Double, at time: Double, of total: Double) -> Double {
    if time >= length { return next.learningRate(base, at: time - length, of: total - length) }
    return (from + (1 - from) * time / length) * next.learningRate(base, at: 0, of: total - length)
  }

  /// Whether the schedule that comes then does.
  public var dependsOnTotal: Bool { next.dependsOnTotal }

  /// Checks the numbers.
  public func validate() throws(HyperparameterError) {
    try HyperparameterError.check("length", positive: length)
    guard from >= 0, from <= 1 else {
      throw HyperparameterError(name: "from", value: from, requirement: "at least 0 and at most 1")
    }
    try next.validate()
  }
}

extension WarmUp: Equatable where Next: Equatable {}
extension WarmUp: Hashable where Next: Hashable {}
extension WarmUp: Encodable where Next: Encodable {}
extension WarmUp: Decodable where Next: Decodable {}
