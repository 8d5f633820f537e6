/// How well an ensemble and its members do, as `apus ensemble --json` prints it.
public struct EnsembleReport: Sendable, Hashable, Encodable {
  /// One of the models.
  public struct Member: Sendable, Hashable, Encodable {
    /// The folder of its run.
    public let run: String
    /// What decided its initial weights.
    public let seed: UInt64
    /// The fraction classified rightly; nil for regression.
    public let accuracy: Double?
    /// The mean loss.
    public let loss: Double
  }

  /// The folder of the ensemble; nil when runs were given one by one.
  public let ensemble: String?
  /// The data set.
  public let data: String
  /// The part that was used: test, validation or train.
  public let part: String
  /// Samples judged.
  public let samples: Int
  /// The models.
  public let members: [Member]
  /// The mean of the members' accuracies; nil for regression.
  public let meanMemberAccuracy: Double?
  /// The highest of the members' accuracies; nil for regression.
  public let bestMemberAccuracy: Double?
  /// The mean of the members' losses.
  public let meanMemberLoss: Double
  /// The lowest of the members' losses.
  public let bestMemberLoss: Double
  /// The accuracy of the averaged prediction; nil for regression.
  public let accuracy: Double?
  /// The loss of the averaged prediction.
  public let loss: Double
  /// Of classes: the fraction of samples on which two members differ, averaged over all pairs. Of numbers: the standard
  /// deviation between the members' outputs, as the root of its mean square.
  public let disagreement: Double
  /// The metrics of the averaged prediction by name.
  public let metrics: [String: Double]
  /// Rows actual, columns predicted; nil for regression.
  public let confusionMatrix: [[Int]]?
}
