import ApusData

/// How a ``Trainer`` trains.
public struct TrainingOptions: Sendable, Hashable {
  /// Samples in a step.
  public var batchSize = 64
  /// Decides the order of the samples and the numbers random layers draw.
  public var seed: UInt64 = 0
  /// Whether every epoch has an order of its own.
  public var shuffle = true
  /// What the outputs mean; nil tells it from the data, as ``evaluate(_:on:loss:task:metrics:normalization:batchSize:unscaling:)``
  /// does.
  public var task: PredictionTask?
  /// How gradients are limited.
  public var clipping = GradientClipping.none
  /// Trains on adversarial examples beside the clean ones; nil does not.
  public var adversarial: AdversarialTraining?
  /// Applied to inputs; nil is fitted to the training part.
  public var normalization: Normalization?
  /// Which epoch is best, and when to stop.
  public var earlyStopping = EarlyStopping(monitor: .accuracy)
  /// Seconds between checkpoints inside an epoch; one is written after every epoch anyway.
  public var checkpointSeconds = 30.0
  /// Steps between checkpoints inside an epoch, besides; nil for none.
  public var checkpointSteps: Int?
  /// Samples in a batch of an evaluation.
  public var evaluationBatchSize = 256

  /// The usual options.
  public init() {}

  /// Checks the numbers.
  ///
  /// - Throws: ``TrainingError`` about the first impossible one.
  public func validate() throws {
    if batchSize < 1 {
      throw TrainingError("batch size", "cannot be \(batchSize)", advice: "choose a whole number of at least 1")
    }
    if let patience = earlyStopping.patience, patience < 1 {
      throw TrainingError(
        "early stopping", "cannot wait \(patience) epochs", advice: "choose a whole number of at least 1")
    }
    switch clipping {
    case .value(let limit), .norm(let limit):
      guard limit.isFinite, limit > 0 else {
        throw TrainingError("clipping", "the limit cannot be \(limit)", advice: "choose a positive number")
      }
    case .none: break
    }
    try adversarial?.validate()
    if let steps = checkpointSteps, steps < 1 {
      throw TrainingError(
        "checkpoints", "cannot be \(steps) steps apart", advice: "choose a whole number of at least 1")
    }
    guard checkpointSeconds >= 0 else {
      throw TrainingError(
        "checkpoints", "cannot be \(checkpointSeconds) seconds apart", advice: "choose a positive number")
    }
    guard evaluationBatchSize > 0 else {
      throw TrainingError(
        "evaluation", "cannot take \(evaluationBatchSize) samples at once", advice: "choose at least 1")
    }
  }
}
