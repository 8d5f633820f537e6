import ApusFormats
import ApusTensor

extension ONNXModel {
  /// The names of the layers that have parameters, in the order in which they compute: what stands before the last point of a
  /// parameter's name, `conv1` for `conv1.weight`, or its whole name if it has none.
  public var layerNames: [String] {
    var names: [String] = []
    for layer in layersOfNodes.compactMap({ $0 }) where !names.contains(layer) { names.append(layer) }
    return names
  }

  /// The network in two parts, of which the upper one takes the single tensor that the lower one gives.
  ///
  /// The lower part has the first `count` layers with parameters, and what follows them without parameters: activations,
  /// pooling, a sum that closes a block. Where more than one tensor is needed further up, as inside a block whose input is
  /// added at its end, it goes on to the next place with one. The parts share their parameters with the network.
  ///
  /// ```swift
  /// let (body, classifier) = try model.divided(after: model.layerNames.count - 1)
  /// let logits = classifier(body(images))
  /// ```
  /// - Parameter count: at least 0 and fewer than there are layers.
  /// - Throws: `FormatError` when the network takes several inputs or there is no such place before its last layer.
  public func divided(after count: Int) throws -> (lower: ONNXModel, upper: ONNXModel) {
    let names = layerNames
    guard inputs.count == 1, outputs.count == 1 else {
      throw FormatError(
        file: file, problem: "the network has \(inputs.count) inputs and \(outputs.count) outputs",
        advice: "divide a network with one of each")
    }
    guard count >= 0, count < names.count else {
      throw FormatError(
        file: file, problem: "the network cannot be divided after \(count) of its \(names.count) layers",
        advice: "choose from 0 to \(names.count - 1)")
    }
    let layers = layersOfNodes
    let below = Set(names.prefix(count))
    var start = layers.lastIndex { $0.map { below.contains($0) } ?? false }.map { $0 + 1 } ?? 0
    while start < graph.nodes.count {
      // Up to the next node that has parameters.
      let end = layers[start...].firstIndex { $0 != nil } ?? graph.nodes.count
      guard end < graph.nodes.count else { break }
      for position in (start...end).reversed() {
        if let name = crossing(position) { return parts(position, name) }
      }
      start = end + 1
    }
    throw FormatError(
      file: file,
      problem:
        "the network has no place after \(count == 0 ? "its input" : "'\(names[count - 1])'") where one tensor is all "
        + "that the rest needs", advice: "choose an earlier layer")
  }

  /// The layer of each node; nil for nodes without parameters.
  private var layersOfNodes: [String?] {
    var layers: [String: String] = [:]
    for (name, parameter, _) in graph.parameters where parameter.shape.rank > 0 {
      let parts = name.split(separator: ".")
      layers[name] = parts.count > 1 ? parts.dropLast().joined(separator: ".") : name
    }
    return graph.nodes.map { node in node.allInputs.lazy.compactMap { layers[$0] }.first }
  }

  /// The only computed value, or the input, that nodes from a position on need of those before; nil when there are several.
  private func crossing(_ position: Int) -> String? {
    var computed = Set(graph.inputs)
    for node in graph.nodes[..<position] { computed.formUnion(node.outputs) }
    var needed = Set(graph.outputs)
    for node in graph.nodes[position...] { needed.formUnion(node.allInputs) }
    needed.formIntersection(computed)
    return needed.count == 1 ? needed.first : nil
  }

  private func parts(_ position: Int, _ name: String) -> (lower: ONNXModel, upper: ONNXModel) {
    let open = Port(name: name)
    return (
      ONNXModel(part(graph.nodes[..<position], graph.inputs, [name]), inputs: inputs, outputs: [open], partOf: self),
      ONNXModel(part(graph.nodes[position...], [name], graph.outputs), inputs: [open], outputs: outputs, partOf: self)
    )
  }

  /// A graph of some of the nodes.
  private func part(_ nodes: ArraySlice<ONNXNode>, _ inputs: [String], _ outputs: [String]) -> ONNXGraph {
    // What leads to no result is left out.
    var used = Set(outputs)
    var kept: [ONNXNode] = []
    for node in nodes.reversed() where node.outputs.contains(where: used.contains) {
      used.formUnion(node.allInputs)
      kept.append(node)
    }
    return ONNXGraph(
      inputs: inputs, outputs: outputs, nodes: kept.reversed(),
      constants: graph.constants.filter { used.contains($0.key) },
      parameters: graph.parameters.filter { used.contains($0.name) })
  }
}

extension ONNXNode {
  /// Names of values that the node or a graph inside it reads.
  fileprivate var allInputs: [String] {
    inputs.filter { !$0.isEmpty } + graphs.values.flatMap { graph in graph.nodes.flatMap(\.allInputs) + graph.outputs }
  }
}

extension ONNXModel.Port {
  /// A tensor inside a network, of whatever type.
  fileprivate init(name: String) {
    (self.name, dtype, extents, isSequence, isOptional) = (name, nil, nil, false, false)
  }
}

extension ONNXModel {
  /// The same network without the number of samples that the file fixes, as exporters do that know one example only. A network
  /// that really depends on it says so when it is used.
  public var takingAnyBatch: ONNXModel {
    ONNXModel(graph, inputs: inputs.map(\.withOpenBatch), outputs: outputs.map(\.withOpenBatch), partOf: self)
  }
}

extension ONNXModel.Port {
  private init(_ port: Self, extents: [Int?]?) {
    (name, dtype, isSequence, isOptional) = (port.name, port.dtype, port.isSequence, port.isOptional)
    self.extents = extents
  }

  /// The same for any number of samples.
  fileprivate var withOpenBatch: Self { Self(self, extents: extents.map { $0.isEmpty ? $0 : [nil] + $0.dropFirst() }) }
}
