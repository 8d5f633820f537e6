import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// Trains a model on a data set, epoch by epoch, with validation, early stopping and checkpoints.
///
/// ```swift
/// let trainer = Trainer(LeNet5(), loss: crossEntropy, optimizer: Adam(learningRate: 1e-3))
/// try trainer.fit(data.train, validation: data.validation, epochs: 10)
/// print(try trainer.evaluate(data.test))
/// ```
/// It is a loop over `trainStep` and knows nothing that a loop of your own could not do. With a ``RunFolder`` the training
/// can be killed at any moment and goes on from its last checkpoint to the same bits.
/// Not `Sendable`: one task uses a trainer.
public final class Trainer<Model: Layer> {
  /// What is trained.
  public let model: Model
  /// The rule of the updates.
  public let optimizer: any Optimizer
  /// What is made small.
  public let loss: LossFunction
  /// How it is trained.
  public let options: TrainingOptions
  /// Where checkpoints go; nil keeps nothing on disk.
  public let run: RunFolder?
  /// What is judged on the validation part after every epoch; nil for the usual metrics of the task.
  public let metrics: [Metric]?
  /// Applied to outputs and targets before metrics see them: the way back to original units in regression.
  public var unscaling: ((HostArray) -> HostArray)?
  /// Called after steps and epochs.
  public var hooks: [any TrainingHook]
  /// Shows how far the training is; nil shows nothing.
  public var progress: ProgressReporter?
  /// What is applied to inputs; known once ``fit(_:validation:epochs:resuming:)`` has begun.
  public internal(set) var normalization: Normalization?

  var control: TrainingControl?
  /// The running average of the weights; nil without ``TrainingOptions/averaging``.
  public internal(set) var average: WeightAverage?

  var position = TrainingPosition()
  var bestWeights: ModelSnapshot?
  var lastGood: Checkpoint?
  private var adversarial: AdversarialLoss?

  /// A trainer.
  public init(
    _ model: Model, loss: @escaping LossFunction, optimizer: any Optimizer, metrics: [Metric]? = nil,
    options: TrainingOptions = TrainingOptions(), run: RunFolder? = nil, hooks: [any TrainingHook] = [],
    progress: ProgressReporter? = nil
  ) {
    self.model = model
    self.loss = loss
    self.optimizer = optimizer
    self.metrics = metrics
    self.options = options
    self.run = run
    self.hooks = hooks
    self.progress = progress
    normalization = options.normalization
  }

  /// The finished epochs.
  public var history: [EpochRecord] { position.history }
  /// The epoch whose weights are the best on the validation part, counted from 1; nil without a validation part.
  public var bestEpoch: Int? { position.stopping.bestEpoch > 0 ? position.stopping.bestEpoch : nil }
  /// Whether early stopping ended the training.
  public var stoppedEarly: Bool { position.isStopped }
  /// Why a hook ended the training; nil when none did.
  public private(set) var stopReason: String?
  /// Seconds of training, those before a resume included.
  public var seconds: Double { position.seconds }

  /// Trains for some epochs; at the end the model has the weights of the best epoch if there is a validation part, else
  /// the last ones; their averages, if such are kept. The optimizer has its learning rate from before a schedule again.
  ///
  /// - Parameters:
  ///   - epochs: how many epochs there are in all; a resumed training counts those before.
  ///   - resuming: goes on from the last checkpoint of the run folder, if there is one.
  /// - Throws: ``TrainingError`` when the model does not fit the data, options are impossible, or the loss is no longer
  ///   finite; `FormatError` when a checkpoint cannot be written.
  /// - Returns: what is known of every epoch.
  @discardableResult
  public func fit(
    _ data: Dataset, validation: Dataset? = nil, epochs: Int, resuming: Bool = false
  ) throws -> [EpochRecord] {
    try check(data, validation, epochs: epochs)
    let lock = try run?.lock()
    defer { withExtendedLifetime(lock) {} }
    try start(resuming: resuming, epochs: epochs)
    let base = optimizer.learningRate
    defer { if options.schedule != nil || options.plateau != nil { optimizer.learningRate = base } }
    let control = TrainingControl(model, optimizer, loss, seed: options.seed, run: run, position)
    (self.control, stopReason) = (control, nil)
    defer { self.control = nil }
    for hook in hooks { try call(hook, "at the beginning") { try hook.begin(control) } }
    while position.epoch < epochs, !position.isStopped, control.stopReason == nil {
      if try trainEpoch(data, epochs, base) { try finishEpoch(data, validation, epochs, base) } else { try save() }
    }
    stopReason = control.stopReason
    try finish()
    (control.step, control.history) = (position.step, history)
    for hook in hooks { try call(hook, "at the end") { try hook.end(control) } }
    return history
  }

  /// Checks everything that can be checked before the first step: options, and a step on shapes alone.
  ///
  /// - Throws: ``TrainingError`` as ``fit(_:validation:epochs:resuming:)``.
  public func check(_ data: Dataset, _ validation: Dataset? = nil, epochs: Int) throws {
    guard epochs >= 1 else {
      throw TrainingError("epochs", "cannot be \(epochs)", advice: "choose a whole number of at least 1")
    }
    try options.validate()
    try optimizer.validate()
    try optimizer.validateGroups()
    try optimizer.validateRows(of: model)
    try checkNames()
    for hook in hooks { try hook.period.validate(hook.name) }
    if options.earlyStopping.patience != nil, validation == nil {
      throw TrainingError(
        "early stopping", "needs a validation part", advice: "set a part aside, for example a tenth of the data")
    }
    let fitted = try normalization ?? Normalization(fitting: data)
    for part in [data, validation].compactMap({ $0 }) where !fitted.fits(part.sampleShape) {
      throw TrainingError(
        part.name, "its samples of shape \(part.sampleShape) do not fit the normalization",
        advice: "give samples of the shape the normalization was fitted to")
    }
    normalization = fitted
    adversarial = options.adversarial.map { AdversarialLoss($0, range: InputRange(of: data, normalization: fitted)) }
    try checkShapes(data)
  }

  /// Runs a step on shapes alone.
  private func checkShapes(_ data: Dataset) throws {
    let count = min(options.batchSize, data.count)
    let inputs = Shape([count] + Array(data.sampleShape))
    var targets = data.targetType.shape
    targets[0] = count
    do {
      try Diagnostics.dryRun {
        let labels = Tensor(repeating: 0, shape: targets, dtype: data.targetType.dtype)
        let samples = Tensor(repeating: 0, shape: inputs)
        _ = valueWithGradient(of: model) { JudgedOutputs(model, samples, labels, loss: loss).total }
      }
      let outputs = try Diagnostics.dryRun { model(Tensor(repeating: 0, shape: inputs)).shape }
      let task = try PredictionTask.checked(options.task, data, outputs: outputs)
      if let metrics { try Metric.check(metrics, task) }
    } catch let error as ShapeError {
      throw TrainingError(
        data.name, "the model \(Model.self) cannot take samples of shape \(data.sampleShape) (\(error.message))",
        advice: "choose another model or data of the shape it is made for")
    }
  }

  /// Trains the rest of an epoch.
  ///
  /// - Returns: whether it came to its end; a hook can stop it before.
  private func trainEpoch(_ data: Dataset, _ epochs: Int, _ base: Double) throws -> Bool {
    if position.batch == 0 { (model as? any StatefulModule)?.resetStates() }
    let batches = self.batches(data)
    let batchCount = batches.plan.batchCount
    let watch = Stopwatch()
    let (before, countBefore) = (position.epochSeconds, position.running.count)
    var saved = 0.0
    progress?.begin(moment(epochs, batchCount, rate: 0))
    for group in BatchGroups(batches, of: options.accumulation) {
      try setLearningRate(base, batchCount, epochs)
      let result = step(group)
      guard result.total.isFinite else { throw try divergence(result.total, data, epochs, base) }
      position.running.add(result)
      position.step += 1
      position.batch += group.count
      let seconds = watch.seconds
      position.epochSeconds = before + seconds
      if progress != nil || !hooks.isEmpty {
        var now = moment(epochs, batchCount, rate: Double(position.running.count - countBefore) / max(seconds, 1e-9))
        now.secondsPerStep = seconds / Double(position.batch - batches.start)
        now.batchLoss = result.loss
        progress?.advance(now)
        control?.batch = group.last
        try callHooks(now)
        if control?.stopReason != nil, position.batch < batchCount { return false }
      }
      let isDue = seconds - saved >= options.checkpointSeconds
      if isDue || options.checkpointSteps.map({ position.step % $0 == 0 }) ?? false, position.batch < batchCount {
        try save()
        saved = watch.seconds
      }
    }
    try batches.check()
    return true
  }

  /// The batches of the epoch that are still to come.
  func batches(_ data: Dataset) -> BatchSequence {
    data.batches(
      of: options.batchSize, seed: options.seed, epoch: position.epoch, shuffle: options.shuffle,
      normalization: normalization, augmentation: options.augmentation, startingAt: position.batch)
  }

  /// One step, a function of weights, batches, seed and the number of the step.
  func step(_ batches: [Batch]) -> StepResult {
    withCarriedStates {
      withStepRandom(options.seed, position.step) {
        if batches.count == 1 {
          return trainStep(
            model, optimizer, batches[0], loss: loss, clipping: options.clipping, adversarial: adversarial,
            penalty: options.penalty, maxNorm: options.maxNorm, average: average, task: options.task)
        }
        return trainStep(
          model, optimizer, accumulating: batches, loss: loss, clipping: options.clipping,
          adversarial: adversarial, penalty: options.penalty, maxNorm: options.maxNorm, average: average,
          task: options.task)
      }
    }
  }

  /// Validation, the record, checkpoints.
  private func finishEpoch(_ data: Dataset, _ validation: Dataset?, _ epochs: Int, _ base: Double) throws {
    let watch = Stopwatch()
    let judged = try validation.map { part in try withJudgedWeights { try evaluate(part) } }
    let trainSeconds = position.epochSeconds
    let record = EpochRecord(
      epoch: position.epoch + 1, step: position.step, trainLoss: position.running.loss,
      trainAccuracy: position.running.accuracy, validationLoss: judged?.loss, validationAccuracy: judged?.accuracy,
      validationMetrics: judged?.values, seconds: trainSeconds + watch.seconds,
      samplesPerSecond: Double(position.running.count) / max(trainSeconds, 1e-9), learningRate: optimizer.learningRate)
    notePlateau(record, base)
    let isBest = options.earlyStopping.note(record, &position.stopping)
    position.isStopped = options.earlyStopping.shouldStop(position.stopping)
    position.history.append(record)
    position.seconds += record.seconds
    var now = moment(epochs, position.batch, rate: record.samplesPerSecond)
    (now.record, now.isBest) = (record, isBest)
    position.epoch += 1
    (position.batch, position.running, position.epochSeconds) = (0, RunningMetrics(), 0)
    if isBest == true { try keepBest(record.epoch) }
    try save()
    progress?.finishEpoch(now)
    try callHooks(now)
  }

  private func moment(_ epochs: Int, _ batches: Int, rate: Double) -> TrainingMoment {
    TrainingMoment(
      step: position.step, epoch: position.epoch + 1, epochs: epochs, batch: position.batch, batches: batches,
      loss: position.running.loss, accuracy: position.running.accuracy, learningRate: optimizer.learningRate,
      samplesPerSecond: rate)
  }
}
