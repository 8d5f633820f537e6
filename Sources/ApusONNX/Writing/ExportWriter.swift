import ApusNN
import ApusTensor
import Foundation

/// Writes the operations of a trace as nodes of ONNX.
struct ExportWriter {
  let trace: ExportTrace
  private(set) var nodes: [ONNXNodeProto] = []
  private(set) var initializers: [ONNXTensorProto] = []
  private var names: [ObjectIdentifier: [Int: String]] = [:]
  private var taken: Set<String> = ["input", "output"]
  private var count = 0
  private var batchName: String?

  /// - Parameter parameters: of the network, whose names their tensors get.
  init(_ trace: ExportTrace, parameters: [NamedParameter]) {
    self.trace = trace
    names[ObjectIdentifier(trace.input.node)] = [0: "input"]
    for named in parameters {
      let name = unique(named.name)
      parameterNames[ObjectIdentifier(named.parameter.stored.node)] = name
    }
  }

  private var parameterNames: [ObjectIdentifier: String] = [:]
  /// The shapes in which parameters are stored, and what they are called there: the first as the parameter.
  private var storedForms: [ObjectIdentifier: [Shape: String]] = [:]

  // MARK: Names

  private mutating func unique(_ wanted: String) -> String {
    var name = wanted
    while !taken.insert(name).inserted {
      count += 1
      name = "\(wanted)_\(count)"
    }
    return name
  }

  private mutating func fresh(_ operation: String) -> String {
    count += 1
    return unique("\(operation)_\(count)")
  }

  /// The name of a tensor of the trace; a constant is stored in the file when it is first named.
  mutating func name(_ tensor: Tensor) throws -> String {
    let identifier = ObjectIdentifier(tensor.node)
    if let known = names[identifier]?[tensor.output] { return known }
    guard trace.isConstant(tensor) else { throw OperatorError("'\(tensor.node.operation.name)' comes too late") }
    let name: String
    let parameter = parameterNode(of: tensor)
    if let own = parameterNames[parameter] {
      if let known = storedForms[parameter]?[tensor.shape] { return known }
      name = storedForms[parameter] == nil ? own : unique(own)
      storedForms[parameter, default: [:]][tensor.shape] = name
    } else {
      name = fresh("constant")
    }
    store(tensor.hostArray(), name)
    names[identifier, default: [:]][tensor.output] = name
    return name
  }

  /// The parameter whose elements a tensor holds, in its own shape or another.
  private func parameterNode(of tensor: Tensor) -> ObjectIdentifier {
    var node = tensor.node
    while !node.hasValues, node.operation is Reshape || isIdentity(node.operation), let source = node.inputs.first {
      node = source.node
    }
    return ObjectIdentifier(node)
  }

  /// Says what a result of the trace is called in the file.
  mutating func bind(_ tensor: Tensor, to name: String) {
    names[ObjectIdentifier(tensor.node), default: [:]][tensor.output] = name
  }

  // MARK: Constants

  private mutating func store(_ array: HostArray, _ name: String) {
    var proto = ONNXTensorProto()
    proto.name = name
    proto.dataType = ONNXElement(array.dtype).rawValue
    proto.dims = array.shape.map { Int64($0) }
    proto.rawData = array.withUnsafeBytes { Data($0) }
    initializers.append(proto)
  }

  /// A stored tensor that the trace does not have.
  mutating func constant(_ array: HostArray) -> String {
    let name = fresh("constant")
    store(array, name)
    return name
  }

  /// A stored tensor of the trace's arithmetic.
  mutating func constant(_ tensor: Tensor) -> String { constant(tensor.hostArray()) }

  /// Stored whole numbers.
  mutating func integers(_ numbers: [Int]) -> String {
    constant(HostArray(numbers.map { Int64($0) }, shape: [numbers.count]))
  }

  /// A stored number.
  mutating func scalar(_ number: Double, _ dtype: DType) -> String {
    constant(Tensor(repeating: number, shape: [], dtype: dtype))
  }

  // MARK: Nodes

  /// A value of an attribute.
  enum Attribute {
    case int(Int)
    case ints([Int])
    case float(Double)
    case string(String)
  }

  /// Adds a node and gives the name of its result.
  @discardableResult
  mutating func emit(
    _ operation: String, _ inputs: [String], _ attributes: [String: Attribute] = [:], output: String? = nil
  ) -> String {
    var node = ONNXNodeProto()
    node.opType = operation
    node.input = inputs
    let result = output ?? fresh(operation.lowercased())
    node.output = [result]
    node.name = "node_\(nodes.count)"
    node.attribute = attributes.sorted { $0.key < $1.key }.map { name, value in
      var attribute = ONNXAttributeProto()
      attribute.name = name
      switch value {
      case .int(let number): (attribute.type, attribute.i) = (.int, Int64(number))
      case .ints(let numbers): (attribute.type, attribute.ints) = (.ints, numbers.map { Int64($0) })
      case .float(let number): (attribute.type, attribute.f) = (.float, Float(number))
      case .string(let text): (attribute.type, attribute.s) = (.string, Data(text.utf8))
      }
      return attribute
    }
    nodes.append(node)
    return result
  }

  /// A shape as an input of a node; computed from the input's where it follows the batch.
  ///
  /// - Parameter infers: whether the node works out one extent by itself, as Reshape does.
  mutating func shape(_ extents: [TracedExtent], infers: Bool) -> String {
    let open = extents.filter { if case .batch = $0 { true } else { false } }.count
    let hasNothing = extents.contains(.fixed(0))
    if open == 0 || infers && open == 1 && !hasNothing {
      return integers(extents.map { if case .fixed(let extent) = $0 { extent } else { -1 } })
    }
    if batchName == nil {
      let whole = emit("Shape", ["input"])
      let (start, end) = (integers([0]), integers([1]))
      batchName = emit("Slice", [whole, start, end])
    }
    let batch = batchName ?? ""
    let parts = extents.map { extent -> String in
      switch extent {
      case .fixed(let number): return integers([number])
      case .batch(1): return batch
      case .batch(let factor):
        let factorName = integers([factor])
        return emit("Mul", [batch, factorName])
      }
    }
    return emit("Concat", parts, ["axis": .int(0)])
  }

  /// The whole graph.
  ///
  /// - Throws: ``OperatorError`` that names an operation which ONNX lacks.
  mutating func write(foldsBatchNorm: Bool) throws {
    var merged = MergedSteps(trace, foldsBatchNorm: foldsBatchNorm)
    merged.find()
    for step in trace.steps where !merged.absorbed.contains(ObjectIdentifier(step.node)) {
      let result = Tensor(node: step.node)
      let name: String
      if let match = merged.matches[ObjectIdentifier(step.node)] {
        name = try emit(match)
      } else {
        name = try emit(step)
      }
      bind(result, to: name)
    }
    // The result is called output whatever computes it.
    let last = try name(trace.output)
    emit("Identity", [last], output: "output")
  }
}
