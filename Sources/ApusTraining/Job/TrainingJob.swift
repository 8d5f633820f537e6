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

  private let model: any Layer
  private let options: TrainingOptions
  private let metrics: [Metric]?
  private let hooks: [any TrainingHook]
  private let train: Dataset
  private let validation: Dataset?
  private let test: Dataset?

  /// Checks a request and reads what it names.
  ///
  /// - Throws: ``TrainingError``, `DataError`, `FormatError` or `RestoreError`, each one sentence.
  public init(_ request: TrainingRequest) throws {
    if !ModelCatalog.names.contains(request.model) {
      throw TrainingError.unknown("model", request.model, among: ModelCatalog.names)
    }
    let plan = try TrainingPlan(request)
    let data = try DataCatalog.load(request.data)
    let parts = try Self.parts(data, plan)
    (validation, test) = (parts.validation, data.test)
    train = plan.bootstrap ? parts.train.bootstrapSample(seed: plan.seed) : parts.train
    guard train.classCount > 0 else {
      throw TrainingError(request.data, "its targets are not classes", advice: "give labels, whole numbers from 0")
    }
    run = plan.run
    isResuming = request.resume && plan.run.holdsCheckpoint
    options = plan.trainingOptions(request)
    (metrics, hooks) = (try request.recording.chosenMetrics(), try request.recording.hooks(plan.run))
    let modelConfiguration = ModelConfiguration(
      request.model, Array(train.sampleShape), train.classCount, plan.modelOptions)
    if let earlier = plan.earlier, earlier.model != modelConfiguration {
      throw TrainingError(
        request.data,
        "is no longer what the run in \(run.path) was begun with: samples of shape "
          + "\(train.sampleShape) in \(train.classCount) classes instead of \(earlier.model.inputShape) in "
          + "\(earlier.model.classes)", advice: "train into another folder")
    }
    model = try modelConfiguration.make(seed: plan.seed)
    if let weights = plan.weights, !isResuming { try model.load(from: weights) }
    configuration = RunConfiguration(
      model: modelConfiguration, data: request.data, classNames: train.classNames,
      normalization: try plan.earlier?.normalization ?? Normalization(fitting: parts.train), optimizer: plan.optimizer,
      epochs: plan.epochs, batchSize: plan.batchSize, seed: plan.seed, validationSplit: plan.validationSplit,
      patience: plan.patience, shuffle: plan.shuffle, clipNorm: plan.clipNorm,
      splitSeed: plan.splitSeed == plan.seed ? nil : plan.splitSeed, bootstrap: plan.bootstrap ? true : nil,
      adversarial: plan.adversarial, weights: plan.weights)
  }

  private static func parts(_ data: LoadedData, _ plan: TrainingPlan) throws -> (train: Dataset, validation: Dataset?) {
    if let validation = data.validation { return (data.train, validation) }
    guard plan.validationSplit > 0 else {
      if plan.patience != nil {
        throw TrainingError(
          "--early-stopping", "needs a validation part and --validation-split is 0",
          advice: "set a part aside, such as --validation-split 0.1")
      }
      return (data.train, nil)
    }
    let (train, validation) = try data.train.split(validation: plan.validationSplit, seed: plan.splitSeed)
    return (train, validation)
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

  private func run<Model: Layer>(_ model: Model, _ progress: ProgressReporter?) throws -> TrainingReport {
    var options = options
    options.normalization = configuration.normalization
    let trainer = Trainer(
      model, loss: { crossEntropy($0, $1) }, optimizer: configuration.optimizer.make(), metrics: metrics,
      options: options, run: run, hooks: hooks, progress: progress)
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
