/// What a fine-tuning came to, as `apus finetune --json` prints it.
public struct FineTuningReport: Sendable, Hashable, Encodable {
  /// A stage.
  public struct Stage: Sendable, Hashable, Encodable {
    /// Epochs done.
    public let epochs: Int
    /// Layers of the source that were frozen.
    public let frozenLayers: Int
    /// Learnt numbers that were trained.
    public let trainedParameters: Int
    /// Seconds that the features of the frozen layers took; nil where they were not computed once, or in an earlier process.
    public let featureSeconds: Double?
    /// Seconds of an epoch without validation, the mean over the stage.
    public let secondsPerEpoch: Double
    /// The best accuracy on the validation part.
    public let validationAccuracy: Double?
  }

  /// What the training came to on the whole.
  public let training: TrainingReport
  /// The layers that were kept of the source.
  public let keptLayers: Int
  /// The stages.
  public let stages: [Stage]
}
