/// How a run does under attack, as `apus attack --json` prints it.
public struct AttackReport: Sendable, Hashable, Encodable {
  /// What one attack did.
  public struct Strength: Sendable, Hashable, Encodable {
    /// The largest change, as a part of the inputs' range.
    public let epsilon: Double
    /// The fraction of the changed samples that is still classified rightly; nil for regression.
    public let accuracy: Double?
    /// The mean loss on the changed samples.
    public let loss: Double
    /// Of the samples of other classes, the fraction taken for the target class; nil without one.
    public let targetRate: Double?
  }

  /// What a network saw in a sample.
  public struct Verdict: Sendable, Hashable, Encodable {
    /// The class it takes the sample for.
    public let `class`: String
    /// How sure it is, between 0 and 1.
    public let probability: Double
  }

  /// A sample before and after.
  public struct Example: Sendable, Hashable, Encodable {
    /// Its number in the part of the data, counted from 0.
    public let sample: Int
    /// Its class.
    public let label: String
    /// What the network sees in the sample.
    public let original: Verdict
    /// What it sees in the changed sample.
    public let adversarial: Verdict
  }

  /// The folder of the run.
  public let run: String
  /// The data set.
  public let data: String
  /// The part that was used: test, validation or train.
  public let part: String
  /// Samples attacked.
  public let samples: Int
  /// How examples are made.
  public let method: AttackRequest.Method
  /// How changes are measured: inf or 2.
  public let norm: Attack.Norm
  /// Steps of an attack.
  public let steps: Int
  /// The name of the class that the network shall see; nil leads away from the right one.
  public let target: String?
  /// The accuracy on the samples as they are; nil for regression.
  public let cleanAccuracy: Double?
  /// The loss on the samples as they are.
  public let cleanLoss: Double
  /// One entry for every epsilon.
  public let attacks: [Strength]
  /// Samples that the attack with the first epsilon turned from right to wrong.
  public let examples: [Example]
  /// Where the examples were written.
  public let saved: String?
}
