import ApusFormats
import ApusNN
import ApusTensor
import Foundation

/// A network from an ONNX file: a module like any other, whose parameters are the tensors of the file, by their names.
///
/// ```swift
/// let model = try ONNXModel(contentsOf: "resnet18.onnx")
/// let logits = model(images)                       // [N, 3, 224, 224] -> [N, 1000]
/// let (loss, gradients) = valueWithGradient(of: model) { crossEntropy(model(images), labels) }
/// ```
/// Versions 6 and later of ONNX's operators are read. Everything that depends on constants only is computed when the file
/// is read; shapes that are computed from the shapes of inputs are known whenever inputs are given, so that batches of
/// any size fit where the file allows it. Branches and loops are written out, which needs conditions that depend
/// on shapes or on inputs that are computed already. An operator that Apus lacks is refused, with the name of its node, before anything is computed.
///
/// Half-precision tensors are computed in single precision. In training, batch normalization and dropout train; a batch
/// normalization whose scale is frozen keeps its statistics.
public struct ONNXModel: Layer, CustomStringConvertible {
  /// An input or a result.
  public struct Port: Sendable, Hashable {
    /// The name in the file.
    public let name: String
    /// The element type that tensors have here, or nil for what is no tensor.
    public let dtype: DType?
    /// The extents; nil for those that the file leaves open, such as the batch. Nil if even their number is open.
    public let extents: [Int?]?
    /// Whether it is a list of tensors.
    let isSequence: Bool
    /// Whether it may be absent.
    let isOptional: Bool
  }

  /// What the network takes.
  public let inputs: [Port]
  /// What it gives.
  public let outputs: [Port]
  /// The version of the operators of the file.
  public let opset: Int
  /// What wrote the file.
  public let producer: String
  let graph: ONNXGraph
  let file: String

  /// A part of a network, or a network with a graph of its own.
  init(_ graph: ONNXGraph, inputs: [Port], outputs: [Port], partOf whole: ONNXModel) {
    (self.graph, self.inputs, self.outputs) = (graph, inputs, outputs)
    (opset, producer, file) = (whole.opset, whole.producer, whole.file)
  }

  /// Reads a network.
  ///
  /// - Throws: `FormatError` when the file is missing, damaged, or needs what Apus does not have.
  public init(contentsOf path: String) throws {
    let storage = try FileBytes.map(path)
    let data = Data(
      bytesNoCopy: storage.pointer, count: storage.byteCount, deallocator: .none)
    let proto: ONNXModelProto
    do {
      guard storage.byteCount > 0 else { throw CocoaError(.fileReadCorruptFile) }
      proto = try withExtendedLifetime(storage) { try ONNXModelProto(serializedBytes: data) }
    } catch {
      throw FormatError(
        file: path, problem: storage.byteCount == 0 ? "is empty" : "is not an ONNX file, or cut short",
        advice: "get it again")
    }
    try self.init(proto, file: path)
  }

  /// The network that another one is once it is written to a file and read again: what it computes in use, without dropout,
  /// with parameters of the same names and values of its own.
  ///
  /// - Parameter sampleShape: the shape of one sample, without the batch.
  /// - Throws: as ``write(_:sampleShape:dtype:foldsBatchNorm:metadata:to:)``.
  public init(recording model: any Layer, sampleShape: [Int]) throws {
    let name = "\(type(of: model))"
    let (proto, _) = try Self.message(
      model, sampleShape: sampleShape, dtype: .float32, foldsBatchNorm: false, metadata: [:], named: name)
    try self.init(proto, file: name)
  }

  private init(_ proto: ONNXModelProto, file path: String) throws {
    guard proto.hasGraph, !proto.opsetImport.isEmpty else {
      throw FormatError(file: path, problem: "is not an ONNX file: it holds no graph", advice: "get it again")
    }
    var reader = try GraphReader(proto, file: path)
    graph = try reader.graph(proto.graph)
    let stored = Set(proto.graph.initializer.map(\.name))
    inputs = proto.graph.input.filter { !stored.contains($0.name) }.map(Port.init)
    outputs = proto.graph.output.map(Port.init)
    opset = Int(proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0)
    producer = proto.producerName
    file = path
    if Set(graph.inputs).count != graph.inputs.count {
      throw FormatError(file: path, problem: "names an input twice", advice: "export the network again")
    }
  }

  /// The first result for one input.
  ///
  /// A mistake in the input's shape stops the program, as with every layer; ``outputs(for:)`` throws instead.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    func fail(_ problem: String) -> Tensor {
      Diagnostics.fail(ShapeError("\(self): \(problem)"), like: x.type)
    }
    guard inputs.count == 1 else { return fail("takes \(inputs.count) inputs: use outputs(for:)") }
    do {
      guard let first = try run([inputs[0].name: x]).first, let result = first.tensor else {
        return fail("gives no tensor")
      }
      return result
    } catch {
      return fail("\(error)")
    }
  }

  /// All results by name, for inputs by name.
  ///
  /// - Throws: `FormatError` when an input is missing, unknown or does not fit.
  public func outputs(for inputs: [String: Tensor]) throws -> [String: Tensor] {
    let values = try run(inputs)
    var result: [String: Tensor] = [:]
    for (port, value) in zip(outputs, values) { result[port.name] = value.tensor }
    return result
  }

  private func run(_ given: [String: Tensor]) throws -> [ONNXValue] {
    if let unknown = given.keys.sorted().first(where: { name in !inputs.contains { $0.name == name } }) {
      throw FormatError(
        file: file, problem: "the network has no input '\(unknown)'",
        advice: "its inputs are \(inputs.map(\.name).joined(separator: ", "))")
    }
    return try run(
      values: try inputs.map { port in
        guard let tensor = given[port.name] else {
          throw FormatError(file: file, problem: "the input '\(port.name)' is missing", advice: "give it a tensor")
        }
        if let problem = port.problem(with: tensor.type) {
          throw FormatError(file: file, problem: problem, advice: "give the network what it was made for")
        }
        // What is computed already may decide shapes and branches.
        return ONNXValue(tensor, isConstant: tensor.isComputed)
      })
  }

  /// The results for values in the order of the inputs.
  func run(values: [ONNXValue]) throws -> [ONNXValue] {
    do {
      return try Evaluator.run(graph, values)
    } catch let error as NodeError {
      throw FormatError(file: file, problem: error.description, advice: "check the inputs, or the file")
    }
  }

  /// The parameters under their names in the file.
  public var namedParts: [(name: String, part: Any)]? { graph.parameters.map { ($0.name, $0.parameter) } }

  /// The file and what it takes and gives.
  public var description: String { "ONNXModel(\(file))" }
}

extension Tensor {
  /// Whether the elements are there, so that reading them computes nothing.
  var isComputed: Bool { node.value(of: output) != nil }
}

extension ONNXModel.Port {
  init(_ proto: ONNXValueInfoProto) {
    name = proto.name
    if case .sequenceType? = proto.type.value { isSequence = true } else { isSequence = false }
    if case .optionalType? = proto.type.value { isOptional = true } else { isOptional = false }
    guard case .tensorType(let type)? = proto.type.value else {
      (dtype, extents) = (nil, nil)
      return
    }
    dtype = ONNXElement(rawValue: type.elemType)?.dtype
    guard type.hasShape else {
      extents = nil
      return
    }
    extents = type.shape.dim.map { dimension in
      if case .dimValue(let value)? = dimension.value, value >= 0 { Int(value) } else { nil }
    }
  }

  /// What does not fit about a tensor, or nil.
  fileprivate func problem(with type: TensorType) -> String? {
    if let dtype, dtype != type.dtype { return "the input '\(name)' is \(type.dtype) where the network takes \(dtype)" }
    guard let extents else { return nil }
    let fits = extents.count == type.shape.rank && zip(extents, type.shape).allSatisfy { $0 == nil || $0 == $1 }
    guard !fits else { return nil }
    let wanted = extents.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
    return "the input '\(name)' is \(type.shape) where the network takes [\(wanted)]"
  }
}
