import ApusFormats
import ApusNN
import ApusTensor

/// From the messages of a file to a graph that can be recorded: names are resolved, operators looked up, functions
/// written out, whatever depends on no input computed.
struct GraphReader {
  private let file: String
  private let folder: String
  private let opsets: [String: Int]
  private let functions: [String: ONNXFunctionProto]
  /// Problems of operators, to be told all at once.
  private var unsupported: [String] = []
  private var functionCalls = 0

  /// The domains whose operators are ONNX's own.
  private static let ownDomains: Set<String> = ["", "ai.onnx", "ai.onnx.preview.training"]

  init(_ model: ONNXModelProto, file: String) throws {
    self.file = file
    folder =
      file.contains("/")
      ? file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") : "."
    var opsets: [String: Int] = [:]
    for entry in model.opsetImport { opsets[entry.domain == "ai.onnx" ? "" : entry.domain] = Int(entry.version) }
    self.opsets = opsets
    functions = Dictionary(model.functions.map { ($0.domain + ":" + $0.name, $0) }) { first, _ in first }
    if let version = opsets[""], version < 6, !model.graph.node.allSatisfy({ Self.lasting.contains($0.opType) }) {
      throw FormatError(
        file: file, problem: "uses version \(version) of ONNX's operators",
        advice: "export it again with version 6 or later")
    }
  }

  /// Operators that mean today what they meant in version 1.
  private static let lasting: Set = ["Identity", "Not", "Shape", "Size", "Transpose"]

  /// The graph of the file.
  ///
  /// - Throws: ``FormatError`` that names what cannot be read or recorded.
  mutating func graph(_ proto: ONNXGraphProto) throws -> ONNXGraph {
    var graph = try self.graph(proto, outer: [], depth: 0)
    guard unsupported.isEmpty else {
      let shown = unsupported.prefix(4).joined(separator: "; ")
      throw FormatError(
        file: file, problem: shown + (unsupported.count > 4 ? "; and \(unsupported.count - 4) more" : ""),
        advice: "Apus cannot run this network")
    }
    try prepare(&graph, proto)
    return graph
  }

  // MARK: Nodes

  private mutating func graph(_ proto: ONNXGraphProto, outer: Set<String>, depth: Int) throws -> ONNXGraph {
    guard depth < 16 else { throw corrupt("its graphs are nested too deeply") }
    guard proto.sparseInitializer.isEmpty else { throw corrupt("holds sparse tensors, which Apus does not read") }
    let initial = Set(proto.initializer.map(\.name))
    let inputs = proto.input.map(\.name).filter { !initial.contains($0) }
    var known = outer.union(initial).union(inputs)
    var nodes: [ONNXNode] = []
    for node in proto.node { nodes += try written(node, &known, depth) }
    let outputs = proto.output.map(\.name)
    if let missing = outputs.first(where: { !known.contains($0) }) {
      throw corrupt("its result '\(missing.prefix(80))' is computed by no node")
    }
    var graph = ONNXGraph(inputs: inputs, outputs: outputs, nodes: nodes, constants: [:], parameters: [])
    if depth > 0 { for tensor in proto.initializer { graph.constants[tensor.name] = try constant(tensor) } }
    return graph
  }

  /// A node, or the nodes of the function it calls.
  private mutating func written(
    _ proto: ONNXNodeProto, _ known: inout Set<String>, _ depth: Int
  ) throws -> [ONNXNode] {
    for name in proto.input where !name.isEmpty && !known.contains(name) {
      throw corrupt(
        "the node '\(proto.name.prefix(80))' (\(proto.opType.prefix(40))) reads '\(name.prefix(80))', "
          + "which nothing computes before it")
    }
    if let function = functions[proto.domain + ":" + proto.opType] {
      return try inlined(proto, function, &known, depth)
    }
    var graphs: [String: ONNXGraph] = [:]
    for attribute in proto.attribute where attribute.type == .graph || attribute.hasG {
      graphs[attribute.name] = try graph(attribute.g, outer: known, depth: depth + 1)
    }
    for name in proto.output where !name.isEmpty {
      guard known.insert(name).inserted else { throw corrupt("computes '\(name.prefix(80))' twice") }
    }
    var domain = proto.domain
    if domain == "ai.onnx" { domain = "" }
    let attributes = Dictionary(proto.attribute.map { ($0.name, $0) }) { first, _ in first }
    let isOwn = Self.ownDomains.contains(domain)
    let implementation = isOwn ? Operators.table[proto.opType] : nil
    let node = ONNXNode(
      operation: proto.opType, name: proto.name, inputs: proto.input, outputs: proto.output, attributes: attributes,
      graphs: graphs, opset: opsets[domain] ?? opsets[""] ?? 1,
      implementation: implementation ?? Operator { _ in throw OperatorError("is not supported") })
    if implementation == nil {
      let origin = isOwn ? "" : " of '\(domain.prefix(60))'"
      unsupported.append("\(node.label) has an operator\(origin) that is not supported")
    }
    return [node]
  }

  /// The nodes of a function of the file, with the names and attributes of the node that calls it.
  private mutating func inlined(
    _ call: ONNXNodeProto, _ function: ONNXFunctionProto, _ known: inout Set<String>, _ depth: Int
  ) throws -> [ONNXNode] {
    functionCalls += 1
    guard depth < 16, functionCalls < 10_000 else { throw corrupt("its functions call each other without end") }
    let prefix = "\(function.name)#\(functionCalls)/"
    var names: [String: String] = [:]
    for (place, name) in function.input.enumerated() { names[name] = place < call.input.count ? call.input[place] : "" }
    for (place, name) in function.output.enumerated() where place < call.output.count {
      names[name] = call.output[place]
    }
    let own = Dictionary(call.attribute.map { ($0.name, $0) }) { first, _ in first }
    let usual = Dictionary(function.attributeProto.map { ($0.name, $0) }) { first, _ in first }
    func renamed(_ name: String) -> String { name.isEmpty ? "" : names[name] ?? prefix + name }
    var nodes: [ONNXNode] = []
    for var node in function.node {
      node.input = node.input.map(renamed)
      node.output = node.output.map { $0.isEmpty || names[$0]?.isEmpty == true ? "" : renamed($0) }
      node.attribute = node.attribute.compactMap { attribute in
        guard !attribute.refAttrName.isEmpty else { return attribute }
        var value = own[attribute.refAttrName] ?? usual[attribute.refAttrName]
        value?.name = attribute.name
        return value
      }
      guard !node.attribute.contains(where: \.hasG) else {
        throw corrupt("its function '\(function.name.prefix(80))' holds graphs, which Apus does not read")
      }
      nodes += try written(node, &known, depth + 1)
    }
    return nodes
  }

  private func corrupt(_ problem: String) -> FormatError {
    FormatError(file: file, problem: problem, advice: "export the network again")
  }

  // MARK: Values

  private func constant(_ proto: ONNXTensorProto) throws -> ONNXValue {
    do {
      let (array, element) = try proto.array(file: file, folder: folder)
      return ONNXValue(Tensor(array), element: element, isConstant: true)
    } catch let error as OperatorError {
      throw corrupt("the tensor '\(proto.name.prefix(80))': \(error.message)")
    }
  }

  /// Makes the tensors of the file parameters or constants, and computes what depends on constants only.
  private func prepare(_ graph: inout ONNXGraph, _ proto: ONNXGraphProto) throws {
    let uses = ParameterUses(graph.nodes)
    for tensor in proto.initializer {
      let value = try constant(tensor)
      if let data = value.tensor, let role = uses.role(of: tensor.name, data.type) {
        graph.parameters.append((tensor.name, Parameter(data, role: role), value.element))
      } else {
        graph.constants[tensor.name] = value
      }
    }
    var rest: [ONNXNode] = []
    for node in graph.nodes {
      let known = graph.constants
      guard node.graphs.isEmpty, !node.implementation.isRandom,
        node.inputs.allSatisfy({ $0.isEmpty || known[$0] != nil })
      else {
        rest.append(node)
        continue
      }
      let results: [ONNXValue]
      do {
        results = try Evaluator.fold(node, known)
      } catch let error as NodeError {
        throw FormatError(file: file, problem: error.description, advice: "Apus cannot run this network")
      }
      guard results.allSatisfy({ ($0.tensor?.count ?? 0) <= 1 << 24 }) else {
        rest.append(node)
        continue
      }
      for (name, result) in zip(node.outputs, results) where !name.isEmpty {
        // A constant that a layer learns is a parameter like any other.
        if node.operation == "Constant", let data = result.tensor, let role = uses.learntRole(of: name, data.type) {
          graph.parameters.append((name, Parameter(data, role: role), result.element))
        } else {
          graph.constants[name] = result.computed
        }
      }
    }
    graph.nodes = rest
    var names = Set<String>()
    if let twice = graph.parameters.first(where: { !names.insert($0.name).inserted }) {
      throw corrupt("names the tensor '\(twice.name.prefix(80))' twice")
    }
  }
}

extension ONNXValue {
  /// The value with its tensor computed, so that it is recorded only once.
  fileprivate var computed: ONNXValue {
    guard let tensor else { return self }
    var copy = ONNXValue(Tensor(tensor.hostArray()), element: element, isConstant: true)
    copy.parameter = parameter
    return copy
  }
}

/// What the tensors of a file are used for.
private struct ParameterUses {
  private var uses: [String: [(operation: String, input: Int)]] = [:]

  init(_ nodes: [ONNXNode]) { add(nodes) }

  private mutating func add(_ nodes: [ONNXNode]) {
    for node in nodes {
      for (place, name) in node.inputs.enumerated() { uses[name, default: []].append((node.operation, place)) }
      for graph in node.graphs.values { add(graph.nodes) }
    }
  }

  private static let learnt: [String: [Int: Parameter.Role]] = [
    "Conv": [1: .weight, 2: .bias], "ConvTranspose": [1: .weight, 2: .bias], "Gemm": [1: .weight, 2: .bias],
    "MatMul": [0: .weight, 1: .weight], "BatchNormalization": [1: .scale, 2: .bias, 3: .state, 4: .state],
    "InstanceNormalization": [1: .scale, 2: .bias], "LayerNormalization": [1: .scale, 2: .bias],
    "GroupNormalization": [1: .scale, 2: .bias], "RMSNormalization": [1: .scale], "PRelu": [1: .scale],
    "RNN": [1: .weight, 2: .weight, 3: .bias], "GRU": [1: .weight, 2: .weight, 3: .bias],
    "LSTM": [1: .weight, 2: .weight, 3: .bias, 7: .weight],
  ]

  /// Inputs that set how an operator works.
  private static let settings: [String: Set<Int>] = [
    "Clip": [1, 2], "Pad": [1, 2, 3], "Resize": [1, 2, 3], "Upsample": [1], "Dropout": [1, 2], "OneHot": [1, 2],
    "Range": [0, 1, 2], "CastLike": [1], "QuantizeLinear": [1, 2], "DequantizeLinear": [1, 2], "Pow": [1],
  ]

  /// The role in a layer that learns it, or nil.
  func learntRole(of name: String, _ type: TensorType) -> Parameter.Role? {
    guard type.dtype.isFloatingPoint else { return nil }
    return (uses[name] ?? []).lazy.compactMap { Self.learnt[$0.operation]?[$0.input] }.first
  }

  /// The role of a stored tensor: what a layer learns, and every other tensor of several numbers that takes part in
  /// computing.
  func role(of name: String, _ type: TensorType) -> Parameter.Role? {
    if let role = learntRole(of: name, type) { return role }
    let used = uses[name] ?? []
    guard type.dtype.isFloatingPoint, type.shape.elementCount > 1, !used.isEmpty,
      !used.allSatisfy({ Self.settings[$0.operation]?.contains($0.input) ?? false })
    else { return nil }
    return used.allSatisfy { $0.operation == "Add" || $0.operation == "Sub" } ? .bias : .weight
  }
}
