/// What a training came to, as `apus train --json` prints it and `result.json` of its folder has it.
public struct TrainingReport: Sendable, Hashable, Codable {
  /// The model's name.
  public let model: String
  /// The data set's name or path.
  public let data: String
  /// Learnt numbers of the model.
  public let parameters: Int
  /// Epochs done.
  public let epochs: Int
  /// The epoch whose weights were kept, where a validation part chose it.
  public let bestEpoch: Int?
  /// Whether early stopping ended the training.
  public let stoppedEarly: Bool
  /// The mean loss of the last epoch.
  public let trainLoss: Double
  /// The accuracy on the validation part of the kept weights.
  public let validationAccuracy: Double?
  /// The loss on the test part.
  public let testLoss: Double?
  /// The accuracy on the test part.
  public let testAccuracy: Double?
  /// The metrics on the test part by name.
  public let testMetrics: [String: Double]?
  /// Rows actual, columns predicted, on the test part.
  public let confusionMatrix: [[Int]]?
  /// Seconds of training and validation, those before a resume included.
  public let seconds: Double
  /// Training samples a second.
  public let samplesPerSecond: Double
  /// The folder of the run.
  public let run: String
}
