/// What one training step saw.
public struct StepResult: Sendable, Hashable {
  /// The mean loss of the batch, before the update.
  public var loss: Double
  /// How many samples were classified rightly, before the update; nil when the targets are not classes.
  public var correct: Int?
  /// The samples in the batch.
  public var count: Int

  /// A result.
  public init(loss: Double, correct: Int?, count: Int) {
    self.loss = loss
    self.correct = correct
    self.count = count
  }
}
