/// What is known of a finished epoch: a line of `metrics.jsonl`.
public struct EpochRecord: Sendable, Hashable, Codable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// Training steps done since the start.
  public var step: Int
  /// The mean loss of the epoch's batches, each before its update.
  public var trainLoss: Double
  /// The fraction classified rightly during the epoch; nil when the targets are not classes.
  public var trainAccuracy: Double?
  /// The loss on the validation part after the epoch.
  public var validationLoss: Double?
  /// The accuracy on the validation part after the epoch.
  public var validationAccuracy: Double?
  /// The metrics on the validation part after the epoch, by name; nil without one, and in files of older versions.
  public var validationMetrics: [String: Double]?
  /// Seconds the epoch took, validation included.
  public var seconds: Double
  /// Training samples a second, without validation.
  public var samplesPerSecond: Double
  /// The learning rate of the epoch's last step; nil in files of older versions.
  public var learningRate: Double?

  private enum CodingKeys: String, CodingKey {
    case epoch, step, seconds
    case trainLoss = "train_loss"
    case trainAccuracy = "train_accuracy"
    case validationLoss = "validation_loss"
    case validationAccuracy = "validation_accuracy"
    case validationMetrics = "validation_metrics"
    case learningRate = "learning_rate"
    case samplesPerSecond = "samples_per_second"
  }
}
