import ApusData
import ApusFormats
import ApusModels
import ApusNN
import ApusONNX
import ApusTensor

/// A network that has learnt something: a run, a model of the catalog with weights from a file, or an ONNX file.
public struct TransferSource {
  /// What it is called.
  public let name: String
  /// The network with its weights.
  public let model: any Layer
  /// The shape of one sample; nil when it takes those of the data.
  public let sampleShape: [Int]?
  /// What it was trained with; nil when nobody knows.
  public let normalization: Normalization?

  /// Reads a network.
  ///
  /// - Parameters:
  ///   - source: the folder of a run, an ONNX file, or a name of the catalog.
  ///   - weights: a file with the parameters of a network of the catalog.
  ///   - options: the form of a network of the catalog.
  /// - Throws: ``TrainingError``, `FormatError` or `RestoreError` when there is none or a file is damaged.
  public init(_ source: String, weights: String? = nil, options: ModelOptions = ModelOptions()) throws {
    if SavedRun.exists(source) || source.hasSuffix(".onnx") {
      guard weights == nil, options == ModelOptions() else {
        throw TrainingError(
          source, "has a form and weights of its own", advice: "leave --weights and the model's options out")
      }
      self = try source.hasSuffix(".onnx") ? Self(file: source) : Self(run: source)
      return
    }
    guard ModelCatalog.names.contains(source) else {
      throw TrainingError(
        source.isEmpty ? "(no name)" : source, "is no run, no ONNX file and no model",
        advice: "give the folder of a run, a file that ends in .onnx, or one of: "
          + ModelCatalog.names.joined(separator: ", "))
    }
    guard let weights else {
      throw TrainingError("--weights", "is missing", advice: "name the file of the weights of \(source)")
    }
    if let known = PretrainedNetwork.all.first(where: { $0.name == source }), options == ModelOptions() {
      (name, model, sampleShape) = (source, try known.model(weights: weights), known.inputShape)
      normalization = known.normalization
      return
    }
    let shape = try ModelConfiguration.usual(source, options).inputShape
    let outputs = try Inference.outputs(of: source, try TensorFile(contentsOf: weights), weights)
    model = try ModelConfiguration(source, shape, outputs, options).make(seed: 0)
    try model.load(from: weights)
    (name, sampleShape, normalization) = (source, shape, nil)
  }

  private init(run path: String) throws {
    let saved = try SavedRun(path)
    guard saved.configuration.preparation.vocabulary == nil, saved.configuration.preparation.schema == nil else {
      throw TrainingError(
        path, "is a run of texts or tables, whose inputs are numbered by their own data",
        advice: "give a run of pictures or arrays")
    }
    let own = saved.configuration.model.name
    name = own.hasSuffix(FineTuningJob.suffix) ? String(own.dropLast(FineTuningJob.suffix.count)) : own
    (model, sampleShape) = (saved.model, saved.configuration.model.inputShape)
    normalization = saved.configuration.normalization
  }

  private init(file path: String) throws {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    name = String(file.dropLast(".onnx".count))
    let network = try ONNXModel(contentsOf: path)
    guard let port = network.inputs.first, network.inputs.count == 1, network.outputs.count == 1 else {
      throw TrainingError(
        path, "has \(network.inputs.count) inputs and \(network.outputs.count) outputs",
        advice: "choose a network with one of each")
    }
    let extents = port.extents?.dropFirst() ?? []
    sampleShape = extents.isEmpty || extents.contains(nil) ? nil : extents.compactMap { $0 }
    (model, normalization) = (network.takingAnyBatch, nil)
  }

  /// The normalization for samples of a type: published ones are for bytes, numbers are taken for 0 to 1.
  func normalization(for data: Dataset, fitted: Normalization) throws -> Normalization {
    guard let own = normalization else { return fitted }
    guard own.fits(data.sampleShape) else {
      throw TrainingError(
        data.name, "its samples of shape \(data.sampleShape) do not fit what \(name) was trained with",
        advice: "give samples of shape \(sampleShape ?? []), or another network")
    }
    let scale: Float = data.inputType.dtype == .uint8 ? 1 / 255 : 1
    return Normalization(grouping: own.grouping, scale: scale, mean: own.mean, deviation: own.deviation)
  }
}

extension PretrainedNetwork {
  /// The normalization of bytes that the weights were found with; nil where the samples are no pictures.
  var normalization: Normalization? {
    guard let mean, let deviation else { return nil }
    return Normalization(
      grouping: .whole, scale: 1 / 255, mean: [Float(mean / 255)], deviation: [Float(deviation / 255)])
  }
}
