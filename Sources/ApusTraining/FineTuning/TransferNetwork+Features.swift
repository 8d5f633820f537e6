import ApusData
import ApusNN
import ApusTensor

extension TransferNetwork {
  /// The samples with what the frozen layers make of them as inputs, computed once: an epoch of ``trainedPart`` on them costs
  /// nothing for the frozen layers.
  ///
  /// - Parameter normalization: applied to the samples first; nil leaves them as they are. The features need none.
  /// - Throws: `DataError` or `FormatError` when a sample cannot be read.
  public func frozenFeatures(of data: Dataset, normalization: Normalization?) throws -> Dataset {
    guard let frozen = frozenPart else {
      throw TrainingError("the features", "are those of frozen layers, and none is frozen", advice: "freeze some first")
    }
    let batchSize = judgingBatchSize(data, most: 256)
    let inputs = try rows(of: frozen, on: data, normalization: normalization, batchSize: batchSize)
    return try Dataset(name: data.name, inputs: inputs, targets: data.targets, classNames: data.classNames)
  }

  /// Bytes of the features of so many samples; nil when no layer is frozen.
  func featureBytes(_ sampleShape: Shape, count: Int) throws -> Int? {
    guard let frozen = frozenPart else { return nil }
    let shape = try Diagnostics.dryRun { frozen(Tensor(repeating: 0, shape: Shape([1] + Array(sampleShape)))).shape }
    return shape.elementCount * 4 * count
  }
}
