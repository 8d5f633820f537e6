import ApusData
import ApusNN
import ApusTensor

extension Trainer {
  /// Judges the model on some data.
  ///
  /// - Parameter metrics: nil takes those of the trainer, or without any the usual ones of the task.
  /// - Throws: ``TrainingError`` when the data do not fit the model, or a metric does not fit the task.
  public func evaluate(_ data: Dataset, metrics: [Metric]? = nil) throws -> Evaluation {
    let used = try normalization ?? Normalization(fitting: data)
    return try ApusTraining.evaluate(
      model, on: data, loss: loss, task: options.task, metrics: metrics ?? self.metrics, normalization: used,
      batchSize: options.evaluationBatchSize, unscaling: unscaling)
  }

  /// Calls the hooks that are due; what one throws becomes an error that names it.
  func callHooks(_ moment: TrainingMoment) throws {
    guard hooks.contains(where: { $0.period.matches(moment) }) else { return }
    var moment = moment
    moment.control = control
    control?.step = position.step
    control?.history = position.history
    for hook in hooks where hook.period.matches(moment) {
      try call(hook, "after step \(moment.step)") { try hook.run(moment) }
    }
  }

  /// Runs a method of a hook.
  func call(_ hook: any TrainingHook, _ moment: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      throw TrainingError(
        "hook '\(hook.name)' \(moment)", "failed: \(error)",
        advice: run.map { "the checkpoints in \($0.path) are kept" } ?? "mend it or leave it out")
    }
  }
}

/// Judges a model on some data, in inference mode.
///
/// ```swift
/// let judged = try evaluate(model, on: test, loss: crossEntropy, metrics: [.accuracy, .f1, .topK(3)], normalization: nil)
/// print(judged["f1"] ?? 0)
/// ```
/// - Parameters:
///   - task: what the outputs mean; nil tells it from the data: numbers where there are no classes, one logit for two
///     classes is a binary task, and otherwise there is a logit for each class.
///   - metrics: nil takes the usual ones of the task (``Metric/usual(for:classCount:)``).
///   - normalization: applied to the inputs; nil leaves them as they are.
///   - unscaling: applied to outputs and targets alike before the metrics see them, not to what the loss sees: the way
///     back from scaled to original units in regression.
/// Of a segmentation every pixel that has a class is judged.
/// - Throws: ``TrainingError`` when the data do not fit the model, the normalization or the task, or a metric does not
///   fit the task.
public func evaluate(
  _ model: some Layer, on data: Dataset, loss: LossFunction, task: PredictionTask? = nil, metrics: [Metric]? = nil,
  normalization: Normalization?, batchSize: Int = 256, unscaling: ((HostArray) -> HostArray)? = nil
) throws -> Evaluation {
  if let normalization, !normalization.fits(data.sampleShape) {
    throw TrainingError(
      data.name, "its samples of shape \(data.sampleShape) do not fit the model's normalization",
      advice: "give samples of the shape the model was trained on")
  }
  let task = try checkedTask(of: model, on: data, task, batchSize)
  let metrics = metrics ?? Metric.usual(for: task, classCount: data.classCount)
  try Metric.check(metrics, task)
  let batchSize = judgingBatchSize(data, most: batchSize)
  var states = metrics.map { $0.started() }
  var (lossSum, total) = (0.0, 0.0)
  var confusion = ConfusionMatrix(classNames: data.classNames)
  let batches = data.batches(of: batchSize, shuffle: false, normalization: normalization)
  try withFreshStates(of: model) { carried in
    for batch in batches {
      let targets = Tensor(batch.targets)
      let (outputs, value) = withInference { () -> (Tensor, Tensor) in
        let outputs = model(Tensor(batch.inputs))
        let judged = task == .sequence ? stepLosses(outputs, targets) : outputs
        return (judged, loss(outputs, targets))
      }
      realize([outputs, value] + carried.map(\.value))
      let judged = try judgedBatch(outputs.hostArray(), batch.targets, task, unscaling, isPadded: data.isOfPairs)
      // Of padded targets the mean is over their symbols.
      let weight = Double(data.isOfPairs ? judged.count : batch.count)
      (lossSum, total) = (lossSum + value.item() * weight, total + weight)
      if confusionCounts(task) { confusion.add(judged) }
      for index in states.indices { states[index].add(judged) }
    }
  }
  try batches.check()
  return Evaluation(
    loss: lossSum / max(total, 1), metrics: zip(metrics, states).map { MetricValue($0.name, $1.value) },
    confusion: confusionCounts(task) ? confusion : nil, count: data.count)
}

/// Whether it is told which class is taken for which.
private func confusionCounts(_ task: PredictionTask) -> Bool { task != .regression && task != .sequence }

/// `-log p` of the right symbol at every step.
private func stepLosses(_ logits: Tensor, _ symbols: Tensor) -> Tensor {
  crossEntropy(logits.reshaped(to: [symbols.count, -1]), symbols.flattened(), reduction: .none)
}

private func judgedBatch(
  _ outputs: HostArray, _ targets: HostArray, _ task: PredictionTask, _ unscaling: ((HostArray) -> HostArray)?,
  isPadded: Bool
) throws -> JudgedBatch {
  if task == .sequence { return JudgedBatch(stepLosses: outputs, symbols: isPadded ? targets : nil) }
  return try JudgedBatch(
    outputs: unscaling?(outputs) ?? outputs, targets: unscaling?(targets) ?? targets, task: task)
}

/// Runs an evaluation with a model's carried states, if it has such, at their beginning; afterwards they are again what
/// they were.
private func withFreshStates(of model: some Layer, _ body: (_ carried: [Parameter]) throws -> Void) rethrows {
  guard let stateful = model as? any StatefulModule else { return try body([]) }
  let before = stateful.carriedStates.map(\.value)
  defer { for (state, value) in zip(stateful.carriedStates, before) { state.value = value } }
  stateful.resetStates()
  try withCarriedStates { try body(stateful.carriedStates) }
}

/// How many samples are judged at once: fewer of large ones, whose activations need the more memory.
func judgingBatchSize(_ data: Dataset, most: Int) -> Int {
  max(min(most, (1 << 22) / max(data.sampleShape.elementCount, 1)), 1)
}

/// What the outputs mean, after a run on shapes alone has shown that they fit the data.
func checkedTask(
  of model: some Layer, on data: Dataset, _ task: PredictionTask?, _ batchSize: Int
) throws -> PredictionTask {
  let count = min(batchSize, data.count)
  do {
    let outputs = try Diagnostics.dryRun {
      model(Tensor(repeating: 0, shape: Shape([count] + Array(data.sampleShape)))).shape
    }
    return try PredictionTask.checked(task, data, outputs: outputs)
  } catch let error as ShapeError {
    throw TrainingError(
      data.name, "the model cannot take samples of shape \(data.sampleShape) (\(error.message))",
      advice: "give data of the shape and classes it was trained on")
  }
}

extension PredictionTask {
  /// The task, or if it is nil the one that outputs of such a shape have for the data.
  ///
  /// - Throws: `ShapeError` when the outputs are not those of the task.
  static func checked(_ task: PredictionTask?, _ data: Dataset, outputs: Shape) throws -> PredictionTask {
    let isOneLogit = data.classCount == 2 && outputs.rank == 2 && outputs[1] == 1
    let task = task ?? (isOneLogit ? .binary : .usual(for: data))
    if task == .regression { return task }
    var expected = [outputs[0], task.outputCount(for: data)]
    if task == .sequence {
      guard outputs.rank == 3, outputs[2] == data.symbolCount, outputs[1] == data.targetType.shape[1] else {
        throw ShapeError(
          "the outputs are \(outputs) where every step needs a logit for each of \(data.symbolCount) symbols")
      }
      return task
    }
    if task == .segmentation { expected += data.targetType.shape.dropFirst() }
    guard outputs == Shape(expected) else {
      let classes = task == .binary ? "a binary task needs" : "\(data.classCount) classes need"
      throw ShapeError("the outputs are \(outputs) where \(classes) \(Shape(expected))")
    }
    return task
  }
}
