import ApusData
import ApusNN
import ApusTensor

extension Trainer {
  /// Judges the model on some data.
  ///
  /// - Throws: ``TrainingError`` when the data do not fit the model.
  public func evaluate(_ data: Dataset) throws -> Evaluation {
    let used = try normalization ?? Normalization(fitting: data)
    return try ApusTraining.evaluate(
      model, on: data, loss: loss, normalization: used, batchSize: options.evaluationBatchSize)
  }
}

/// Judges a model on some data, in inference mode.
///
/// - Parameter normalization: applied to the inputs; nil leaves them as they are.
/// - Throws: ``TrainingError`` when the data do not fit the model or the normalization.
public func evaluate(
  _ model: some Layer, on data: Dataset, loss: LossFunction, normalization: Normalization?, batchSize: Int = 256
) throws -> Evaluation {
  if let normalization, !normalization.fits(data.sampleShape) {
    throw TrainingError(
      data.name, "its samples of shape \(data.sampleShape) do not fit the model's normalization",
      advice: "give samples of the shape the model was trained on")
  }
  try checkOutputs(of: model, on: data, batchSize)
  var lossSum = 0.0
  var confusion = ConfusionMatrix(classNames: data.classNames)
  for batch in data.batches(of: batchSize, shuffle: false, normalization: normalization) {
    let (outputs, value) = withInference {
      let outputs = model(Tensor(batch.inputs))
      return (outputs, loss(outputs, Tensor(batch.targets)))
    }
    realize(outputs, value)
    lossSum += value.item() * Double(batch.count)
    guard data.classCount > 0 else { continue }
    for (actual, predicted) in zip(batch.targets.scalars(as: Int32.self), Predictions.classes(outputs.hostArray())) {
      confusion.add(actual: Int(actual), predicted: predicted)
    }
  }
  return Evaluation(
    loss: lossSum / Double(data.count), confusion: data.classCount > 0 ? confusion : nil, count: data.count)
}

private func checkOutputs(of model: some Layer, on data: Dataset, _ batchSize: Int) throws {
  let count = min(batchSize, data.count)
  do {
    let outputs = try Diagnostics.dryRun {
      model(Tensor(repeating: 0, shape: Shape([count] + Array(data.sampleShape)))).shape
    }
    guard data.classCount == 0 || outputs == [count, data.classCount] else {
      throw ShapeError(
        "its outputs are \(outputs) where \(data.classCount) classes need \([count, data.classCount] as Shape)")
    }
  } catch let error as ShapeError {
    throw TrainingError(
      data.name, "the model cannot take samples of shape \(data.sampleShape) (\(error.message))",
      advice: "give data of the shape and classes it was trained on")
  }
}
