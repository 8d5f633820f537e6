/// What somebody asks a fine-tuning to do; what is nil takes the usual value.
public struct FineTuningRequest: Sendable {
  /// The folder of a run, a name of the catalog, or an ONNX file.
  public var source: String
  /// A data set's name, or a path.
  public var data: String
  /// The weights of a network of the catalog.
  public var weights: String?
  /// The form of a network of the catalog.
  public var modelOptions = ModelOptions()
  /// The layers that are kept; nil keeps all but the last one.
  public var keep: LayerChoice?
  /// The layers that are frozen at first.
  public var freeze = LayerChoice.all
  /// The stages after the first one.
  public var unfreeze: [FineTuningStage] = []
  /// Widths of the head's hidden layers.
  public var hidden: [Int] = []
  /// The head's dropout.
  public var dropout = 0.0
  /// What the learning rate is divided by from one group of layers to the next lower one; 2.6 as Howard and Ruder (2018) have it.
  public var rateDivisor = 2.6
  /// Whether what frozen layers give is computed once and kept, where it fits into 2 GiB.
  public var cachesFeatures = true
  /// Whether batch normalization in layers that are trained changes its statistics; see ``TransferNetwork/trainsStatistics``.
  public var trainsStatistics = false
  /// What the network is trained for.
  public var objective = ObjectiveRequest()
  /// How the data are read, divided and prepared; nil takes the usual way.
  public var dataOptions: DataConfiguration?
  /// The epochs of the first stage.
  public var epochs: Int?
  /// Samples in a step.
  public var batchSize: Int?
  /// How the weights are found; a schedule runs in each stage anew.
  public var optimization = OptimizationRequest()
  /// Decides the head's initial weights, the order of samples and random layers.
  public var seed: UInt64?
  /// The part of the training data set aside for validation; 0 sets nothing aside.
  public var validationSplit: Double?
  /// Epochs without improvement after which a stage ends.
  public var patience: Int?
  /// Whether the order of the samples changes from epoch to epoch.
  public var shuffle = true
  /// Trains on adversarial examples beside the clean ones.
  public var adversarial: AdversarialTraining?
  /// Steps between checkpoints.
  public var checkpointSteps: Int?
  /// Seconds between checkpoints.
  public var checkpointSeconds: Double?
  /// What is recorded; files for TensorBoard in a folder for each stage.
  public var recording = RecordingOptions()
  /// The folder of the run; nil chooses a new one under `runs`.
  public var output: String?
  /// Whether to go on with the run in the folder.
  public var resume = false

  /// A request with the usual values.
  public init(source: String, data: String) { (self.source, self.data) = (source, data) }

  static let usualEpochs = 10
  static let usualBatchSize = 32

  /// The stages, first to last.
  var stages: [FineTuningStage] {
    [FineTuningStage(epochs: epochs ?? Self.usualEpochs, frozen: freeze)] + unfreeze
  }

  /// Checks the numbers.
  ///
  /// - Throws: ``TrainingError`` about the first impossible one.
  func validate() throws {
    let whole = "a whole number of at least 1"
    if let epochs, !(1...1_000_000).contains(epochs) {
      throw TrainingError.impossible("--epochs", epochs, "a whole number from 1 to 1000000")
    }
    if let batchSize, batchSize < 1 { throw TrainingError.impossible("--batch-size", batchSize, whole) }
    if let split = validationSplit, !(split >= 0 && split < 1) {
      throw TrainingError.impossible("--validation-split", split, "at least 0 and below 1")
    }
    if let patience, patience < 1 { throw TrainingError.impossible("--early-stopping", patience, whole) }
    if let steps = checkpointSteps, steps < 1 { throw TrainingError.impossible("--checkpoint-steps", steps, whole) }
    if let seconds = checkpointSeconds, !(seconds >= 0) {
      throw TrainingError.impossible("--checkpoint-seconds", seconds, "a number of at least 0")
    }
    guard rateDivisor.isFinite, rateDivisor >= 1 else {
      throw TrainingError.impossible("--rate-divisor", rateDivisor, "a number of at least 1")
    }
    guard dropout >= 0, dropout < 1 else {
      throw TrainingError.impossible("--head-dropout", dropout, "at least 0 and below 1")
    }
    guard hidden.allSatisfy({ (1...1 << 16).contains($0) }) else {
      throw TrainingError.impossible("--head", "\(hidden)", "widths from 1 to 65536")
    }
  }
}
