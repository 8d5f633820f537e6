/// What one training step saw.
public struct StepResult: Sendable, Hashable {
  /// The mean loss of the samples, before the update, without the penalty on weights and without auxiliary heads.
  public var loss: Double
  /// The penalty on weights and the weighted losses of auxiliary heads, before the update; 0 without any.
  public var penalty: Double
  /// How many samples were classified rightly, before the update; nil when the targets are not classes.
  public var correct: Int?
  /// The samples in the step.
  public var count: Int

  /// A result.
  public init(loss: Double, penalty: Double = 0, correct: Int?, count: Int) {
    self.loss = loss
    self.penalty = penalty
    self.correct = correct
    self.count = count
  }

  /// What the step made smaller.
  var total: Double { loss + penalty }
}
