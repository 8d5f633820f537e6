import ApusData
import ApusFormats
import ApusModels
import ApusNN
import ApusTensor

/// A training from a request to a report: everything `apus train` does.
///
/// Making a job checks the request and reads data and weights; nothing is written before ``run(progress:)``.
public struct TrainingJob {
  /// What the run is asked for, once its data are known.
  public let configuration: RunConfiguration
  /// The folder of the run.
  public let run: RunFolder
  /// Whether the folder holds a checkpoint to go on from.
  public let isResuming: Bool

  let model: any Layer
  let train: Dataset
  private let options: TrainingOptions
  private let metrics: [Metric]?
  private let hooks: [any TrainingHook]
  private let validation: Dataset?
  /// What is wrong with the files of the data that were left out, a sentence for each.
  public let skipped: [DataError]
  private let test: Dataset?

  /// Checks a request and reads what it names.
  ///
  /// - Throws: ``TrainingError``, `DataError`, `FormatError` or `RestoreError`, each one sentence.
  public init(_ request: TrainingRequest) throws {
    let plan = try TrainingPlan(request)
    let data = try plan.dataOptions.load(
      request.data, validationSplit: plan.validationSplit, seed: plan.splitSeed, fitted: plan.earlier?.preparation)
    if plan.patience != nil, data.validation == nil {
      throw TrainingError(
        "--early-stopping", "needs a validation part and --validation-split is 0",
        advice: "set a part aside, such as --validation-split 0.1")
    }
    try self.init(request, plan, data)
  }

  /// A training on data that are there already.
  init(_ request: TrainingRequest, _ plan: TrainingPlan, _ data: PreparedData) throws {
    train = plan.bootstrap ? data.train.bootstrapSample(seed: plan.seed) : data.train
    (validation, test, skipped) = (data.validation, data.test, data.skipped)
    run = plan.run
    isResuming = request.resume && plan.run.holdsCheckpoint
    (metrics, hooks) = (try request.recording.chosenMetrics(), try request.recording.hooks(plan.run))
    let objective = try request.objective.configuration(for: train, earlier: plan.earlier?.objective)
    options = plan.trainingOptions(request, objective)
    let outputs = objective.task.outputCount(for: train)
    var modelConfiguration = ModelConfiguration(request.model, Array(train.sampleShape), outputs, plan.modelOptions)
    modelConfiguration.streams = plan.dataOptions.text?.streams
    modelConfiguration.symbols =
      train.isOfPairs
      ? train.sourceSymbolCount : train.symbolCount > 0 && !train.hasSymbolTargets ? train.symbolCount : nil
    if let earlier = plan.earlier, earlier.model != modelConfiguration || earlier.objective != objective {
      let isOther = earlier.model == modelConfiguration
      throw TrainingError(
        isOther ? "the task or the loss" : request.data,
        "is no longer what the run in \(run.path) was begun with: "
          + (isOther
            ? "\(objective.task.rawValue) by \(objective.loss.name) instead of \(earlier.objective.task.rawValue) by "
              + "\(earlier.objective.loss.name), or with other settings"
            : "samples of shape \(train.sampleShape) for \(outputs) outputs instead of \(earlier.model.inputShape) for "
              + "\(earlier.model.classes)"),
        advice: "train into another folder")
    }
    model = try modelConfiguration.make(seed: plan.seed)
    if let weights = plan.weights, !isResuming { try model.load(from: weights) }
    configuration = RunConfiguration(
      model: modelConfiguration, data: request.data, classNames: train.classNames, dataOptions: plan.dataOptions,
      preparation: data.preparation, objective: objective, optimization: plan.optimization, epochs: plan.epochs,
      batchSize: plan.batchSize, seed: plan.seed, validationSplit: plan.validationSplit, patience: plan.patience,
      shuffle: plan.shuffle, splitSeed: plan.splitSeed == plan.seed ? nil : plan.splitSeed,
      bootstrap: plan.bootstrap ? true : nil, adversarial: plan.adversarial, weights: plan.weights)
  }

  /// Learnt numbers of the model.
  public var parameterCount: Int { model.parameterCount }
  /// Samples that are trained on, set aside for validation, and for the test.
  public var sampleCounts: (train: Int, validation: Int, test: Int) {
    (train.count, validation?.count ?? 0, test?.count ?? 0)
  }

  /// Trains, and judges the result on the test part.
  ///
  /// - Throws: as `Trainer.fit`.
  public func run(progress: ProgressReporter?) throws -> TrainingReport { try run(model, progress) }

  /// A trainer as the configuration has it; without a run it records nothing.
  func trainer<Model: Layer>(of model: Model, run: RunFolder?, progress: ProgressReporter?) -> Trainer<Model> {
    var options = options
    options.normalization = configuration.normalization
    let trainer = Trainer(
      model, loss: configuration.objective.loss.make(), optimizer: configuration.optimization.makeOptimizer(),
      metrics: metrics, options: options, run: run, hooks: run == nil ? [] : hooks, progress: progress)
    if let scaling = configuration.preparation.targetScaling { trainer.unscaling = scaling.inverted }
    return trainer
  }

  /// Trains without keeping anything on disk, and judges the result on the test part.
  ///
  /// - Throws: as `Trainer.fit`.
  func judge() throws -> Evaluation? { try judge(model) }

  private func judge(_ model: some Layer) throws -> Evaluation? {
    let trainer = trainer(of: model, run: nil, progress: nil)
    try trainer.fit(train, validation: validation, epochs: configuration.epochs)
    return try test.map { try trainer.evaluate($0) }
  }

  private func run<Model: Layer>(_ model: Model, _ progress: ProgressReporter?) throws -> TrainingReport {
    let trainer = trainer(of: model, run: run, progress: progress)
    try trainer.check(train, validation, epochs: configuration.epochs)
    try run.create()
    try configuration.write(to: run)
    let history = try trainer.fit(train, validation: validation, epochs: configuration.epochs, resuming: isResuming)
    let judged = try test.map { try trainer.evaluate($0) }
    let seconds = history.reduce(0) { $0 + Double(train.count) / max($1.samplesPerSecond, 1e-9) }
    let kept = trainer.bestEpoch.flatMap { best in history.first { $0.epoch == best } } ?? history.last
    let report = TrainingReport(
      model: configuration.model.name, data: configuration.data, parameters: model.parameterCount,
      epochs: history.count, bestEpoch: trainer.bestEpoch, stoppedEarly: trainer.stoppedEarly,
      trainLoss: history.last?.trainLoss ?? 0, validationAccuracy: kept?.validationAccuracy, testLoss: judged?.loss,
      testAccuracy: judged?.accuracy, testMetrics: judged?.values, confusionMatrix: judged?.confusion?.counts,
      seconds: trainer.seconds,
      samplesPerSecond: Double(train.count * history.count) / max(seconds, 1e-9), run: run.path)
    try AtomicFile.write(JSON.report(report) + "\n", to: run.result)
    return report
  }
}
