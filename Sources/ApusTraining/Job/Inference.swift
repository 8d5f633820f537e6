import ApusFormats
import ApusModels
import ApusNN
import ApusONNX
import ApusTensor

/// Raw outputs for raw inputs: everything `apus infer` does.
public struct Inference {
  /// What came of it, as `apus infer --json` prints it.
  public struct Report: Sendable, Hashable, Encodable {
    /// The model's name.
    public let model: String
    /// The file of the outputs.
    public let output: String
    /// The shape of the inputs.
    public let inputShape: [Int]
    /// The shape of the outputs.
    public let outputShape: [Int]
  }

  /// Computes the outputs of a model and writes them to a file.
  ///
  /// - Parameters:
  ///   - name: a name of the catalog, or an ONNX file.
  ///   - weights: a file with the model's parameters by name (safetensors, .pth, .npz); an ONNX file holds its own.
  ///   - input: an array `[N, ...]` in an .npy file, or the only tensor, or the one called `input`, of a safetensors file.
  ///   - output: an .npy or .safetensors file to write.
  ///   - classCount: outputs of the model; nil takes those of the last bias in the weights.
  /// - Throws: `FormatError`, `RestoreError`, ``TrainingError``, each one sentence; nothing is written then.
  public static func run(
    model name: String, options: ModelOptions, classCount: Int?, weights: String?, input: String, output: String,
    batchSize: Int = 256
  ) throws -> Report {
    guard isONNX(name) || ModelCatalog.names.contains(name) else {
      throw TrainingError.unknown("model", name, among: ModelCatalog.names)
    }
    try checkClasses(classCount)
    let isNPY = try kind(output, "--output")
    let array = try read(input)
    guard array.shape.rank >= 2, array.shape.elementCount > 0 else {
      throw TrainingError(input, "holds no samples (shape \(array.shape))", advice: "give an array [N, ...]")
    }
    let sampleShape = Array(array.shape.dropFirst())
    let (model, dtype, batch) = try self.model(name, options, classCount, weights, sampleShape)
    do {
      let first = Shape([min(batch ?? batchSize, array.shape[0])] + sampleShape)
      _ = try Diagnostics.dryRun { model(Tensor(repeating: 0, shape: first, dtype: dtype)) }
    } catch let error as ShapeError {
      throw TrainingError(
        input, "the model \(name) cannot take samples of shape \(sampleShape) (\(error.message))",
        advice: "give an array of the shape it is made for")
    }
    let result = compute(model, array.converted(to: dtype), batch ?? batchSize)
    if isNPY { try NPY.write(result, to: output) } else { try SafeTensors.write(["output": result], to: output) }
    return Report(
      model: name, output: output, inputShape: Array(array.shape), outputShape: Array(result.shape))
  }

  private static func isONNX(_ name: String) -> Bool { name.hasSuffix(".onnx") }

  /// The model with its weights, the type of its inputs, and the only batch it takes if it takes only one.
  private static func model(
    _ name: String, _ options: ModelOptions, _ classCount: Int?, _ weights: String?, _ sampleShape: [Int]
  ) throws -> (model: any Layer, dtype: DType, batch: Int?) {
    if isONNX(name) {
      let model = try ONNXModel(contentsOf: name)
      guard let port = model.inputs.first, model.inputs.count == 1 else {
        throw TrainingError(name, "has \(model.inputs.count) inputs", advice: "choose a network with one input")
      }
      if let weights { try model.load(from: weights) }
      return (model, port.dtype ?? .float32, port.extents?.first ?? nil)
    }
    guard let weights else {
      throw TrainingError("--weights", "is missing", advice: "name the file of the weights of \(name)")
    }
    let stored = try TensorFile(contentsOf: weights)
    let configuration = ModelConfiguration(
      name, sampleShape, try classCount ?? outputs(of: name, stored, weights), options)
    let model = try configuration.make(seed: 0)
    try model.load(from: weights)
    return (model, .float32, nil)
  }

  /// Refuses numbers of outputs that no memory holds.
  static func checkClasses(_ count: Int?) throws {
    let limit = 1 << 24
    if let count, !(1...limit).contains(count) {
      throw TrainingError.impossible("--classes", count, "a whole number from 1 to \(limit)")
    }
  }

  /// Whether a file is an .npy file; otherwise it is a safetensors file.
  private static func kind(_ path: String, _ option: String) throws -> Bool {
    if path.hasSuffix(".npy") || path.hasPrefix("/dev/") { return true }
    guard path.hasSuffix(".safetensors") else {
      throw TrainingError(
        option, "'\(path)' is of no known kind", advice: "name a file that ends in .npy or .safetensors")
    }
    return false
  }

  private static func read(_ path: String) throws -> HostArray {
    if try kind(path, "--input") { return try NPY.read(from: path) }
    let file = try SafeTensors(contentsOf: path)
    if file.names.contains("input") || file.names.count != 1 { return try file.array("input") }
    return try file.array(file.names[0])
  }

  /// The outputs of a network of the catalog with some weights: those of their last bias, or the only number it can have.
  static func outputs(of name: String, _ weights: TensorFile, _ path: String) throws -> Int {
    if let entry = ModelCatalog.entries.first(where: { $0.name == name }), !entry.isTrained { return entry.classes }
    func numbers(_ name: String) -> [Int] { name.split { !$0.isNumber }.compactMap { Int($0) } }
    // Biases of normalizations say nothing about the outputs.
    let biases = weights.names.filter { name in
      name.hasSuffix("bias") && (weights.type(of: name.dropLast(4) + "weight")?.shape.rank ?? 2) >= 2
    }
    let last = biases.max {
      numbers($0).lexicographicallyPrecedes(numbers($1))
    }
    guard let last, let type = weights.type(of: last), type.shape.rank == 1, type.shape[0] > 0 else {
      throw TrainingError(path, "does not say how many outputs the model has", advice: "add --classes")
    }
    return type.shape[0]
  }

  private static func compute(_ model: any Layer, _ inputs: HostArray, _ batchSize: Int) -> HostArray {
    let count = inputs.shape[0]
    let row = inputs.type.byteCount / count
    var parts: [HostArray] = []
    for start in stride(from: 0, to: count, by: batchSize) {
      let size = min(batchSize, count - start)
      let type = TensorType(Shape([size] + Array(inputs.shape.dropFirst())), inputs.dtype)
      let part = inputs.withUnsafeBytes { bytes in
        HostArray(type: type) {
          $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start * row..<(start + size) * row]))
        }
      }
      parts.append(withInference { model(Tensor(part)) }.hostArray())
    }
    let shape = Shape([count] + Array(parts[0].shape.dropFirst()))
    return HostArray(type: TensorType(shape, parts[0].dtype)) { target in
      var offset = 0
      for part in parts {
        part.withUnsafeBytes { target[offset...].copyBytes(from: $0) }
        offset += part.type.byteCount
      }
    }
  }
}
