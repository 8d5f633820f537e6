import ApusFormats
import ApusTensor

/// What an ONNX file holds, for people and for JSON.
public struct ONNXListing: Sendable, Encodable {
  /// An input or a result.
  public struct Port: Sendable, Encodable {
    /// The name.
    public let name: String
    /// The element type, if it is a tensor.
    public let type: String?
    /// The extents; nil for open ones.
    public let shape: [Int?]?
  }

  /// The file.
  public let file: String
  /// Always `onnx`.
  public let format = "onnx"
  /// The version of the operators.
  public let opset: Int
  /// What wrote the file.
  public let producer: String
  /// What the network takes.
  public let inputs: [Port]
  /// What it gives.
  public let outputs: [Port]
  /// How often each operator occurs, once constants are computed.
  public let operators: [String: Int]
  /// What is learnt.
  public let tensors: [TensorListing.Entry]
  /// Elements of what is learnt.
  public let elementCount: Int

  private enum CodingKeys: String, CodingKey {
    case file, format, opset, producer, inputs, outputs, operators, tensors
    case elementCount = "elements"
  }

  /// Lists a file.
  ///
  /// - Throws: as ``ONNXModel/init(contentsOf:)``.
  public init(contentsOf path: String) throws {
    let model = try ONNXModel(contentsOf: path)
    file = path
    (opset, producer) = (model.opset, model.producer)
    func listed(_ ports: [ONNXModel.Port]) -> [Port] {
      ports.map { Port(name: $0.name, type: $0.dtype?.description, shape: $0.extents) }
    }
    (inputs, outputs) = (listed(model.inputs), listed(model.outputs))
    operators = Dictionary(model.graph.nodes.map { ($0.operation, 1) }, uniquingKeysWith: +)
    tensors = model.parameters.map { TensorListing.Entry($0.name, $0.parameter.type) }
    elementCount = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }
}
