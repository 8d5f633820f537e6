import ApusData
import ApusNN
import ApusTensor

extension Attack {
  /// The samples of a data set as the attack changes them: normalised inputs, f32, with the same targets.
  ///
  /// ```swift
  /// let adversarial = try attack.perturbed(data.test, model, normalization: normalization)
  /// print(try evaluate(model, on: adversarial, loss: crossEntropy, normalization: nil).accuracy ?? 0)
  /// ```
  /// - Parameters:
  ///   - task: what the outputs mean; nil tells it from the data.
  ///   - normalization: applied to the inputs first; nil leaves them as they are.
  ///   - range: what values normalised inputs can take; nil takes it from the data.
  ///   - seed: decides random starts.
  /// - Throws: ``TrainingError`` when the attack's numbers are impossible or the data do not fit the model.
  public func perturbed(
    _ data: Dataset, _ model: some Layer, loss: LossFunction = { crossEntropy($0, $1) }, task: PredictionTask? = nil,
    normalization: Normalization?, range: InputRange? = nil, batchSize: Int = 256, seed: UInt64 = 0
  ) throws -> Dataset {
    try validate()
    if let targetClass, data.classCount > 0, targetClass >= data.classCount {
      throw TrainingError(
        "the target", "cannot be class \(targetClass) of \(data.classCount)", advice: "classes are counted from 0")
    }
    if let normalization, !normalization.fits(data.sampleShape) {
      throw TrainingError(
        data.name, "its samples of shape \(data.sampleShape) do not fit the model's normalization",
        advice: "give samples of the shape the model was trained on")
    }
    _ = try checkedTask(of: model, on: data, task, batchSize)
    let range = range ?? InputRange(of: data, normalization: normalization)
    let type = TensorType(data.inputType.shape, .float32)
    let batches = data.batches(of: batchSize, shuffle: false, normalization: normalization)
    let inputs = HostArray(type: type) { target in
      var offset = 0
      for batch in batches {
        let changed = withStepRandom(seed, batch.index) {
          perturbed(Tensor(batch.inputs).cast(to: .float32), Tensor(batch.targets), model, loss: loss, range: range)
        }.hostArray()
        changed.withUnsafeBytes { target[offset...].copyBytes(from: $0) }
        offset += changed.type.byteCount
      }
    }
    try batches.check()
    return try Dataset(
      name: "\(data.name) (\(self))", inputs: inputs, targets: data.targets, classNames: data.classNames)
  }
}

/// Judges a model on samples that an attack has changed; the accuracy is the accuracy under attack.
///
/// ```swift
/// let judged = try evaluate(model, on: data.test, under: .fgsm(epsilon: 0.1), normalization: normalization)
/// print(judged.accuracy ?? 0)
/// ```
/// - Throws: ``TrainingError`` when the attack's numbers are impossible or the data do not fit the model.
public func evaluate(
  _ model: some Layer, on data: Dataset, under attack: Attack, loss: LossFunction = { crossEntropy($0, $1) },
  task: PredictionTask? = nil, metrics: [Metric]? = nil, normalization: Normalization?, range: InputRange? = nil,
  batchSize: Int = 256,
  seed: UInt64 = 0
) throws -> Evaluation {
  let changed = try attack.perturbed(
    data, model, loss: loss, task: task, normalization: normalization, range: range, batchSize: batchSize, seed: seed)
  return try evaluate(
    model, on: changed, loss: loss, task: task, metrics: metrics, normalization: nil, batchSize: batchSize)
}
