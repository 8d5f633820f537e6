import ApusData
import ApusModels

/// A request with every blank filled in and every number checked.
struct TrainingPlan {
  static let usualEpochs = 10
  static let usualBatchSize = 64
  static let usualSplit = 0.1

  let run: RunFolder
  /// What the folder's run was begun with, when it is resumed.
  let earlier: RunConfiguration?
  let epochs: Int
  let batchSize: Int
  let optimization: OptimizationConfiguration
  let seed: UInt64
  let validationSplit: Double
  /// Decides which samples are set aside.
  let splitSeed: UInt64
  /// Whether the training part is a bootstrap sample.
  let bootstrap: Bool
  let patience: Int?
  let shuffle: Bool
  let adversarial: AdversarialTraining?
  let weights: String?
  let modelOptions: ModelOptions
  let dataOptions: DataConfiguration

  init(_ request: TrainingRequest) throws {
    if !ModelCatalog.names.contains(request.model) {
      throw TrainingError.unknown("model", request.model, among: ModelCatalog.names)
    }
    if ModelCatalog.entries.contains(where: { $0.name == request.model && !$0.isTrained }) {
      throw TrainingError(
        request.model, "is there for its published weights and gives no classes of a data set",
        advice: "choose another model, or adapt it with apus finetune")
    }
    run = try Self.folder(request)
    earlier = request.resume && run.holdsRun ? try RunConfiguration.read(run) : nil
    epochs = request.epochs ?? earlier?.epochs ?? Self.usualEpochs
    batchSize = request.batchSize ?? earlier?.batchSize ?? Self.usualBatchSize
    seed = request.seed ?? earlier?.seed ?? 0
    validationSplit = request.validationSplit ?? earlier?.validationSplit ?? Self.usualSplit
    splitSeed = request.splitSeed ?? earlier?.splitSeed ?? seed
    bootstrap = request.bootstrap ?? earlier?.bootstrap ?? false
    patience = request.patience ?? earlier?.patience
    let samples = ModelCatalog.entries.first { $0.name == request.model }?.samples ?? .arrays
    // The batches of a text follow each other.
    let isStream = samples == .characters || samples == .words
    shuffle = !isStream && (request.shuffle ?? earlier?.shuffle ?? true)
    adversarial = request.adversarial ?? earlier?.adversarial
    weights = request.weights ?? earlier?.weights
    modelOptions = request.modelOptions.completed(by: earlier?.model.modelOptions ?? ModelOptions())
    dataOptions = try (request.dataOptions ?? earlier?.dataOptions ?? .usual)
      .completed(for: request.model, on: request.data, samples, batchSize: batchSize)
    optimization = try OptimizationConfiguration(request.optimization, earlier: earlier?.optimization)
    try check(request)
    if let earlier { try compare(request, earlier) }
  }

  private static func folder(_ request: TrainingRequest) throws -> RunFolder {
    if let output = request.output {
      guard !output.isEmpty else { throw TrainingError("--output", "is empty", advice: "name a folder") }
      let run = RunFolder(output)
      if run.holdsRun || run.holdsCheckpoint, !request.resume {
        throw TrainingError(
          output, "the folder holds a run already", advice: "add --resume to go on with it, or choose another --output")
      }
      return run
    }
    guard !request.resume else {
      throw TrainingError("--resume", "does not say which run to go on with", advice: "add --output with its folder")
    }
    return RunFolder.unused(model: request.model, data: request.data)
  }

  private func check(_ request: TrainingRequest) throws {
    let whole = "a whole number of at least 1"
    if let steps = request.checkpointSteps, steps < 1 {
      throw TrainingError.impossible("--checkpoint-steps", steps, whole)
    }
    if let seconds = request.checkpointSeconds, !(seconds >= 0) {
      throw TrainingError.impossible("--checkpoint-seconds", seconds, "a number of at least 0")
    }
    guard epochs >= 1, epochs <= 1_000_000 else {
      throw TrainingError.impossible("--epochs", epochs, "a whole number from 1 to 1000000")
    }
    guard batchSize >= 1 else { throw TrainingError.impossible("--batch-size", batchSize, whole) }
    guard validationSplit >= 0, validationSplit < 1 else {
      throw TrainingError.impossible("--validation-split", validationSplit, "at least 0 and below 1")
    }
    if let text = dataOptions.text {
      let foreign = [("--bagging", bootstrap && text.streams != nil), ("--adversarial", adversarial != nil)].first {
        $0.1
      }
      if let foreign {
        throw TrainingError(
          foreign.0,
          "cannot be used with \(request.model), which reads \(text.streams == nil ? "symbols" : "one long text")",
          advice: "leave the option out")
      }
    }
    if let patience, patience < 1 { throw TrainingError.impossible("--early-stopping", patience, whole) }
  }

  /// A resumed run must be the one that was begun, but for its length.
  private func compare(_ request: TrainingRequest, _ earlier: RunConfiguration) throws {
    func same<Value: Equatable>(_ option: String, _ now: Value, _ before: Value) throws {
      guard now != before else { return }
      throw TrainingError(
        option, "is \(now) but the run in \(run.path) was begun with \(before)",
        advice: "give the same value, leave the option out, or train into another folder")
    }
    try same("the model", request.model, earlier.model.name)
    try same("--data", request.data, earlier.data)
    for (now, before) in zip(modelOptions.settings, earlier.model.modelOptions.settings) {
      try same(now.option, now.value, before.value)
    }
    if dataOptions != earlier.dataOptions {
      throw TrainingError(
        "the data's options", "are not those the run in \(run.path) was begun with",
        advice: "give the same ones, leave all of them out, or train into another folder")
    }
    try same("--batch-size", batchSize, earlier.batchSize)
    try same("--seed", seed, earlier.seed)
    try same("--validation-split", validationSplit, earlier.validationSplit)
    try same("--bagging", bootstrap, earlier.bootstrap ?? false)
    if let now = adversarial, now != earlier.adversarial {
      let begun = earlier.adversarial.map { "\($0)" } ?? "none"
      try same("--adversarial", "\(now)", begun)
    }
    try same("--no-shuffle", !shuffle, !earlier.shuffle)
    if let (option, now, before) = optimization.firstDifference(from: earlier.optimization) {
      try same(option, now, before)
    }
    if optimization.dependsOnEpochs, epochs != earlier.epochs {
      throw TrainingError(
        "--epochs",
        "is \(epochs) but the run in \(run.path) was begun for \(earlier.epochs), and its learning rates "
          + "depend on that", advice: "leave the option out, or train into another folder")
    }
  }

  /// The options of the trainer.
  func trainingOptions(_ request: TrainingRequest, _ objective: ObjectiveConfiguration) -> TrainingOptions {
    var options = TrainingOptions()
    options.task = objective.task
    options.augmentation = dataOptions.augmentation
    options.batchSize = batchSize
    options.seed = seed
    options.shuffle = shuffle
    options.earlyStopping.patience = patience
    // The states of a text's streams are carried between batches of one size.
    if let streams = dataOptions.text?.streams { options.evaluationBatchSize = streams }
    optimization.apply(to: &options)
    options.adversarial = adversarial
    options.checkpointSteps = request.checkpointSteps
    if let seconds = request.checkpointSeconds { options.checkpointSeconds = seconds }
    return options
  }
}
