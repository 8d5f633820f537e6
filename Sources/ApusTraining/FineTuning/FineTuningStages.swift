import ApusData
import ApusFormats
import ApusNN
import ApusTensor

/// The stages of a fine-tuning under way.
struct FineTuningStages {
  private let job: FineTuningJob
  private(set) var network: TransferNetwork
  private var history: [EpochRecord] = []
  private var statistics: [TensorStatistics] = []
  private var stages: [FineTuningReport.Stage] = []
  private var best: (score: Double, epoch: Int, weights: ModelSnapshot)?
  private var stoppedEarly = false

  private var configuration: RunConfiguration { job.configuration }

  init(_ job: FineTuningJob) { (self.job, network) = (job, job.network) }

  /// Checks what can be checked before the first step.
  mutating func check() throws {
    for (number, stage) in job.transfer.stages.enumerated() {
      try network.freeze(stage.frozen)
      let trainer = try trainer(of: network, number, nil, nil)
      try trainer.check(job.train, job.validation, epochs: stage.epochs)
    }
  }

  /// Trains a stage, or reads what it came to if it is done already.
  mutating func run(_ number: Int, _ progress: (String) -> ProgressReporter?) throws {
    let stage = job.transfer.stages[number]
    try network.freeze(stage.frozen)
    let folder = job.run.stage(number + 1)
    var seconds: Double?
    let records: [EpochRecord]
    if folder.holdsModel {
      records = try EpochRecord.read(folder)
      try network.load(from: folder.model, options: .allowingMissing)
    } else {
      let text =
        (job.transfer.stages.count > 1 ? "stage \(number + 1) of \(job.transfer.stages.count): " : "")
        + "\(network.frozenCount) of \(network.layerNames.count) layers frozen, "
        + "\(network.trainableParameters.reduce(0) { $0 + $1.parameter.count }) parameters trained"
      let reporter = progress(text)
      if try caches() {
        let watch = Stopwatch()
        let normalization = configuration.normalization
        let train = try network.frozenFeatures(of: job.train, normalization: normalization)
        let validation = try job.validation.map { try network.frozenFeatures(of: $0, normalization: normalization) }
        seconds = watch.seconds
        let trainer = try trainer(of: network.trainedPart, number, folder, reporter)
        records = try trainer.fit(
          train, validation: validation, epochs: stage.epochs, resuming: folder.holdsCheckpoint)
      } else {
        let trainer = try trainer(of: network, number, folder, reporter)
        records = try trainer.fit(
          job.train, validation: job.validation, epochs: stage.epochs, resuming: folder.holdsCheckpoint)
      }
    }
    try note(number, records, seconds)
  }

  /// Whether the features of the frozen layers are computed once.
  private func caches() throws -> Bool {
    let makesInputs = configuration.dataOptions.augmentation != nil || configuration.adversarial != nil
    guard job.transfer.cachesFeatures, !makesInputs else { return false }
    let count = job.train.count + (job.validation?.count ?? 0)
    return try network.featureBytes(job.train.sampleShape, count: count).map { $0 <= FineTuningJob.mostFeatureBytes }
      ?? false
  }

  private func trainer<Model: Layer>(
    of model: Model, _ number: Int, _ folder: RunFolder?, _ progress: ProgressReporter?
  ) throws -> Trainer<Model> {
    var options = TrainingOptions()
    options.task = configuration.objective.task
    options.batchSize = configuration.batchSize
    options.seed = configuration.seed &+ UInt64(number)
    options.earlyStopping.patience = configuration.patience
    options.shuffle = configuration.shuffle
    options.adversarial = configuration.adversarial
    options.checkpointSteps = job.request.checkpointSteps
    if let seconds = job.request.checkpointSeconds { options.checkpointSeconds = seconds }
    configuration.optimization.apply(to: &options)
    // Features are used as they are.
    options.normalization = model is TransferTop ? .scaleOnly(.float32) : configuration.normalization
    options.augmentation = model is TransferTop ? nil : configuration.dataOptions.augmentation
    let optimizer = configuration.optimization.makeOptimizer()
    optimizer.groups += try job.transfer.groups(of: network, stage: number)
    let trainer = Trainer(
      model, loss: configuration.objective.loss.make(), optimizer: optimizer, metrics: job.metrics, options: options,
      run: folder, hooks: try folder.map { try job.request.recording.hooks($0) } ?? [], progress: progress)
    if let scaling = configuration.preparation.targetScaling { trainer.unscaling = scaling.inverted }
    return trainer
  }

  /// Keeps what a stage came to.
  private mutating func note(_ number: Int, _ records: [EpochRecord], _ seconds: Double?) throws {
    let stage = job.transfer.stages[number]
    let (epochs, steps) = (history.count, history.last?.step ?? 0)
    history += records.map { record in
      var record = record
      (record.epoch, record.step) = (record.epoch + epochs, record.step + steps)
      return record
    }
    stoppedEarly = records.count < stage.epochs
    let trained = records.reduce(0) { $0 + Double(job.train.count) / max($1.samplesPerSecond, 1e-9) }
    let top = EpochRecord.best(of: Array(history.dropFirst(epochs)))
    stages.append(
      FineTuningReport.Stage(
        epochs: records.count, frozenLayers: network.frozenCount,
        trainedParameters: network.trainableParameters.reduce(0) { $0 + $1.parameter.count }, featureSeconds: seconds,
        secondsPerEpoch: trained / Double(max(records.count, 1)), validationAccuracy: top?.validationAccuracy))
    if let top, let loss = top.validationLoss {
      let score = top.validationAccuracy ?? -loss
      if let best, best.score >= score {
        // The next stage goes on from the best weights so far.
        try network.restore(best.weights)
      } else {
        best = (score, top.epoch, network.snapshot())
      }
    }
    try noteStatistics(of: number, after: epochs, steps)
    let lines = try history.map { try JSON.text($0) + "\n" }
    try AtomicFile.write(lines.joined(), to: job.run.metrics)
    try network.save(to: job.run.model, metadata: ["epoch": String(best?.epoch ?? history.count)])
  }

  /// Adds what a stage recorded of weights, gradients and activations to that of the run.
  private mutating func noteStatistics(of number: Int, after epochs: Int, _ steps: Int) throws {
    let folder = job.run.stage(number + 1)
    guard folder.holdsStatistics else { return }
    statistics += try TensorStatistics.read(folder).map { record in
      var record = record
      (record.epoch, record.step) = (record.epoch + epochs, record.step + steps)
      return record
    }
    try AtomicFile.write(try statistics.map { try JSON.text($0) + "\n" }.joined(), to: job.run.statistics)
  }

  /// What all stages came to.
  func report(_ judged: Evaluation?) -> FineTuningReport {
    let trained = zip(stages, job.transfer.stages).reduce(0.0) { $0 + $1.0.secondsPerEpoch * Double($1.0.epochs) }
    let kept = best.flatMap { best in history.first { $0.epoch == best.epoch } } ?? history.last
    let training = TrainingReport(
      model: configuration.model.name, data: configuration.data, parameters: network.parameterCount,
      epochs: history.count, bestEpoch: best?.epoch, stoppedEarly: stoppedEarly,
      trainLoss: history.last?.trainLoss ?? 0, validationAccuracy: kept?.validationAccuracy, testLoss: judged?.loss,
      testAccuracy: judged?.accuracy, testMetrics: judged?.values, confusionMatrix: judged?.confusion?.counts,
      seconds: history.reduce(0) { $0 + $1.seconds } + stages.reduce(0) { $0 + ($1.featureSeconds ?? 0) },
      samplesPerSecond: Double(job.train.count * history.count) / max(trained, 1e-9), run: job.run.path)
    return FineTuningReport(training: training, keptLayers: network.layerNames.count, stages: stages)
  }
}
