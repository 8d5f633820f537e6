import ApusData
import ApusNN
import ApusTensor

/// What a model gives for every sample of a data set, in inference mode: `[N, outputs]`.
///
/// ```swift
/// let logits = try outputs(of: model, on: data.test, normalization: normalization)
/// ```
/// - Parameter normalization: applied to the inputs; nil leaves them as they are.
/// - Throws: ``TrainingError`` when the data do not fit the model or the normalization.
public func outputs(
  of model: some Layer, on data: Dataset, normalization: Normalization?, batchSize: Int = 256
) throws -> HostArray {
  if let normalization, !normalization.fits(data.sampleShape) {
    throw TrainingError(
      data.name, "its samples of shape \(data.sampleShape) do not fit the model's normalization",
      advice: "give samples of the shape the model was trained on")
  }
  _ = try checkedTask(of: model, on: data, nil, batchSize)
  return try rows(
    of: model, on: data, normalization: normalization, batchSize: judgingBatchSize(data, most: batchSize))
}

/// What a layer gives for every sample, in inference mode, one batch after the other.
func rows(
  of model: some Layer, on data: Dataset, normalization: Normalization?, batchSize: Int
) throws -> HostArray {
  let batches = data.batches(of: batchSize, shuffle: false, normalization: normalization)
  let parts = batches.map { batch in
    withInference { model(Tensor(batch.inputs)) }.hostArray()
  }
  try batches.check()
  let shape = Shape([data.count] + Array(parts[0].shape.dropFirst()))
  return HostArray(type: TensorType(shape, parts[0].dtype)) { target in
    var offset = 0
    for part in parts {
      part.withUnsafeBytes { target[offset...].copyBytes(from: $0) }
      offset += part.type.byteCount
    }
  }
}
