import ApusData
import ApusNN
import ApusOptimizers

/// How a ``Trainer`` trains.
public struct TrainingOptions: Sendable {
  /// Samples in a step.
  public var batchSize = 64
  /// Decides the order of the samples and the numbers random layers draw.
  public var seed: UInt64 = 0
  /// Whether every epoch has an order of its own.
  public var shuffle = true
  /// What the outputs mean; nil tells it from the data, as ``evaluate(_:on:loss:task:metrics:normalization:batchSize:unscaling:)``
  /// does.
  public var task: PredictionTask?
  /// How many batches make one step: their gradients are added up before each update. The last step of an epoch may have
  /// fewer. Checkpoints are written between steps, never inside one.
  public var accumulation = 1
  /// How gradients are limited.
  public var clipping = GradientClipping.none
  /// Trains on adversarial examples beside the clean ones; nil does not.
  public var adversarial: AdversarialTraining?
  /// How the learning rate changes; nil leaves it to the optimizer and to hooks, whose changes a schedule overrides.
  public var schedule: (any LearningRateSchedule)?
  /// In what the schedule counts time.
  public var scheduleUnit = ScheduleUnit.epochs
  /// Lowers the learning rate when the validation loss, or without a validation part the training loss, does not get
  /// better; the schedule goes on from the lowered rate.
  public var plateau: ReduceOnPlateau?
  /// Added to the loss that is trained on; reported losses are without it.
  public var penalty: WeightPenalty?
  /// Limits the weights after each step.
  public var maxNorm: MaxNorm?
  /// Keeps a running average of the weights, which is judged and becomes the result; nil does not.
  public var averaging: WeightAverage.Rule?
  /// Applied to inputs; nil is fitted to the training part.
  public var normalization: Normalization?
  /// Random changes of training pictures; nil leaves them as they are.
  public var augmentation: Augmentation?
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
    guard accumulation >= 1 else {
      throw TrainingError(
        "accumulation", "cannot be over \(accumulation) batches", advice: "choose a whole number of at least 1")
    }
    try adversarial?.validate()
    if let limit = clipping.limit, !(limit.isFinite && limit > 0) {
      throw TrainingError("clipping", "the limit cannot be \(limit)", advice: "choose a positive number")
    }
    try Self.check("learning-rate schedule") {
      try schedule?.validate()
      try plateau?.validate()
    }
    try Self.check("weight average") { try averaging?.validate() }
    try Self.check("penalty") { try penalty?.validate() }
    try Self.check("max-norm") { try maxNorm?.validate() }
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
  /// Runs a check of a part; what it throws becomes an error about that part.
  private static func check(_ part: String, _ body: () throws -> Void) throws {
    do { try body() } catch { throw TrainingError(part, "\(error)", advice: "choose another value") }
  }
}
