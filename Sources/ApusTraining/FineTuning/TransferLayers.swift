import ApusONNX

/// The layers of a network that can be kept and frozen, as `apus finetune SOURCE --layers` prints them.
public struct TransferLayers: Sendable, Hashable, Encodable {
  /// Their names, first to last.
  public let layers: [String]

  /// Lists the layers.
  ///
  /// - Throws: ``TrainingError``, `FormatError` or `RestoreError` when the network cannot be read.
  public init(source: String, weights: String? = nil, options: ModelOptions = ModelOptions()) throws {
    let found = try TransferSource(source, weights: weights, options: options)
    if let network = found.model as? ONNXModel {
      layers = network.layerNames
    } else {
      layers = try ONNXModel(recording: found.model, sampleShape: found.sampleShape ?? []).layerNames
    }
  }
}
