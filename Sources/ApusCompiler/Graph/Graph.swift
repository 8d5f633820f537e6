import ApusTensor

/// A value inside a graph: one output of one node.
package struct ValueID: Hashable, Sendable, CustomStringConvertible {
  package var node: Int
  package var output: Int

  package init(_ node: Int, _ output: Int = 0) {
    self.node = node
    self.output = output
  }

  package var description: String { output == 0 ? "%\(node)" : "%\(node).\(output)" }
}

/// What the compiler works on: operations in an order in which inputs come before their users.
///
/// A pass takes a graph and returns a graph. Graphs are values and hold no data, so passes are tested as text.
package struct Graph: Sendable {
  /// One operation.
  package struct Node: Sendable {
    package var operation: any Primitive
    package var inputs: [ValueID]
    package var types: [TensorType]
    /// How each output lies in memory; empty until layouts are chosen, which means plain.
    package var layouts: [Layout] = []
    /// Inputs that stay the same from replay to replay, known while layouts are chosen.
    package var lastingInputs: Set<Int> = []

    package init(_ operation: any Primitive, _ inputs: [ValueID], _ types: [TensorType]) {
      self.operation = operation
      self.inputs = inputs
      self.types = types
    }
  }

  package var nodes: [Node] = []
  /// Types of the data the graph is given; `GraphInput(slot:)` nodes refer to them.
  package var inputTypes: [TensorType] = []
  /// Slots whose data stays the same from replay to replay more often than not: parameters.
  package var lastingSlots: Set<Int> = []
  /// The number of scalars bound at replay; `BoundScalar(slot:)` nodes refer to them.
  package var scalarCount = 0
  /// How the given data must lie in memory, by slot; plain where there is no entry.
  package var inputLayouts: [Int: Layout] = [:]
  /// The values the graph is asked for.
  package var roots: [ValueID] = []

  package init() {}

  package func type(of value: ValueID) -> TensorType { nodes[value.node].types[value.output] }

  package func layout(of value: ValueID) -> Layout {
    let layouts = nodes[value.node].layouts
    return layouts.isEmpty ? .plain : layouts[value.output]
  }

  package mutating func append(_ operation: any Primitive, _ inputs: [ValueID], _ types: [TensorType]) -> ValueID {
    nodes.append(Node(operation, inputs, types))
    return ValueID(nodes.count - 1)
  }

  /// Users of each node's outputs, by node index; a node that uses another twice stands twice.
  package func users() -> [[Int]] {
    var users = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { users[input.node].append(index) }
    }
    return users
  }

  /// Which nodes depend on nothing but lasting data and scalars, so that their values can be kept.
  package func lastingNodes() -> [Bool] {
    var lasts = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      switch node.operation {
      case let input as GraphInput: lasts[index] = lastingSlots.contains(input.slot)
      case is ScalarConstant, is BoundScalar: lasts[index] = true
      case is Random: lasts[index] = false
      default: lasts[index] = !node.inputs.isEmpty && node.inputs.allSatisfy { lasts[$0.node] }
      }
    }
    return lasts
  }

  /// The graph without operations that no root needs.
  package func removingDeadNodes() -> Graph {
    var live = [Bool](repeating: false, count: nodes.count)
    for root in roots { live[root.node] = true }
    for index in nodes.indices.reversed() where live[index] {
      for input in nodes[index].inputs { live[input.node] = true }
    }
    return rebuilt { builder, index in
      if live[index] { builder.keep(index) }
    }
  }

  /// Makes a graph by visiting the nodes in order; `visit` keeps, replaces or drops each.
  package func rebuilt(_ visit: (inout Rebuilder, Int) -> Void) -> Graph {
    var builder = Rebuilder(source: self)
    for index in nodes.indices { visit(&builder, index) }
    builder.result.roots = roots.map { builder.mapped($0) }
    return builder.result
  }
}

/// Builds a graph from another one, remembering what became of each value.
package struct Rebuilder {
  package let source: Graph
  package var result: Graph
  private var map: [ValueID: ValueID] = [:]

  init(source: Graph) {
    self.source = source
    result = Graph()
    result.inputTypes = source.inputTypes
    result.lastingSlots = source.lastingSlots
    result.scalarCount = source.scalarCount
    result.inputLayouts = source.inputLayouts
  }

  /// What a value of the source became.
  package func mapped(_ value: ValueID) -> ValueID {
    guard let target = map[value] else { preconditionFailure("\(value) is used before it is made") }
    return target
  }

  /// Whether a value of the source has become something yet.
  package func isMapped(_ value: ValueID) -> Bool { map[value] != nil }

  /// Copies a node of the source.
  package mutating func keep(_ index: Int) {
    let node = source.nodes[index]
    let made = result.append(node.operation, node.inputs.map { mapped($0) }, node.types)
    result.nodes[made.node].layouts = node.layouts
    for output in node.types.indices { map[ValueID(index, output)] = ValueID(made.node, output) }
  }

  /// Says that a value of the source is now `target` of the result.
  package mutating func replace(_ value: ValueID, by target: ValueID) { map[value] = target }

  /// Adds a node that the source does not have.
  package mutating func append(
    _ operation: any Primitive, _ inputs: [ValueID], _ types: [TensorType], layouts: [Layout] = []
  ) -> ValueID {
    let value = result.append(operation, inputs, types)
    result.nodes[value.node].layouts = layouts
    return value
  }
}

/// Data given to a graph from outside.
package struct GraphInput: Primitive {
  package var slot: Int
  package init(slot: Int) { self.slot = slot }
  package var name: String { "input" }
  package func encode(into key: inout PlanKey) { key.add(slot) }
  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    throw ShapeError("an input is not an operation")
  }
  package func gradient(_ context: GradientContext) -> [Tensor?] { [] }
  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {}
}

/// A number bound when the plan is replayed.
package struct BoundScalar: Primitive {
  package var slot: Int
  package init(slot: Int) { self.slot = slot }
  package var name: String { "bound_scalar" }
  package func encode(into key: inout PlanKey) { key.add(slot) }
  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    throw ShapeError("a bound scalar is not an operation")
  }
  package func gradient(_ context: GradientContext) -> [Tensor?] { [] }
  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {}
}
