/// What somebody asks a training to do; what is nil takes the usual value, or on resuming that of the run.
public struct TrainingRequest: Sendable {
  /// The model's name.
  public var model: String
  /// A data set's name, or a path.
  public var data: String
  /// What the network is trained for.
  public var objective = ObjectiveRequest()
  /// How the data are read, divided and prepared; nil takes the usual way, or on resuming that of the run.
  public var dataOptions: DataConfiguration?
  /// Options of the model.
  public var modelOptions = ModelOptions()
  /// How often every sample is used.
  public var epochs: Int?
  /// Samples in a step.
  public var batchSize: Int?
  /// How the weights are found.
  public var optimization = OptimizationRequest()
  /// Decides initial weights, the order of samples and random layers.
  public var seed: UInt64?
  /// The part of the training data set aside for validation; 0 sets nothing aside.
  public var validationSplit: Double?
  /// Epochs without improvement after which training stops.
  public var patience: Int?
  /// Whether the order of the samples changes from epoch to epoch.
  public var shuffle: Bool?
  /// Decides which samples are set aside for validation; nil takes the seed.
  public var splitSeed: UInt64?
  /// Whether to train on a bootstrap sample of the training part.
  public var bootstrap: Bool?
  /// Trains on adversarial examples beside the clean ones.
  public var adversarial: AdversarialTraining?
  /// A file of weights to begin with.
  public var weights: String?
  /// The folder of the run; nil chooses a new one under `runs`.
  public var output: String?
  /// Whether to go on with the run in the folder.
  public var resume = false
  /// Steps between checkpoints.
  public var checkpointSteps: Int?
  /// Seconds between checkpoints.
  public var checkpointSeconds: Double?
  /// What is recorded.
  public var recording = RecordingOptions()

  /// A request with the usual values.
  public init(model: String, data: String) {
    self.model = model
    self.data = data
  }
}
