import ApusTensor

/// The pending part of a recorded graph, found by one walk: its key, its data and the nodes behind it.
///
/// The capture is kept and reused from step to step, so that replaying a known step allocates next to nothing.
struct GraphCapture {
  var key = PlanKey()
  /// Pending nodes, inputs before users.
  var nodes: [Node] = []
  /// Values the graph reads.
  var leaves: [Tensor] = []
  /// How many graph edges read each of them.
  private(set) var leafEdges: [Int] = []
  /// Values of the scalars bound at replay.
  var scalars: [Double] = []
  /// Nodes on the way, which the roots keep alive.
  private var stack: [(node: Unmanaged<Node>, next: Int)] = []
  private var partialLeaves: [PartialLeaf: Int] = [:]
  private static nonisolated(unsafe) var visits: UInt64 = 0  // guarded by the graph lock

  private struct PartialLeaf: Hashable {
    var node: ObjectIdentifier
    var output: Int
  }

  /// Walks from the roots to existing values. A plan that keeps what is made of parameters alone is another one.
  mutating func collect(_ roots: [Tensor], keepsLasting: Bool) {
    key.removeAll()
    key.add(keepsLasting)
    nodes.removeAll(keepingCapacity: true)
    leaves.removeAll(keepingCapacity: true)
    leafEdges.removeAll(keepingCapacity: true)
    scalars.removeAll(keepingCapacity: true)
    partialLeaves.removeAll(keepingCapacity: true)
    Self.visits += 1
    let visit = Self.visits
    for root in roots {
      stack.append((.passUnretained(root.node), 0))
      while let (node, next) = stack.popLast() {
        node._withUnsafeGuaranteedRef { node in
          if node.visit == visit { return }
          if let pending = node.pendingInput(from: next, notVisitedBy: visit) {
            stack.append((.passUnretained(node), pending.next))
            stack.append((pending.node, 0))
          } else {
            place(node, visit: visit)
          }
        }
      }
    }
    for root in roots {
      key.add(root.node.index)
      key.add(root.output)
    }
  }

  private func isLeaf(_ tensor: Tensor) -> Bool { tensor.node.hasValue(of: tensor.output) }

  private mutating func place(_ node: Node, visit: UInt64) {
    let operation = node.operation
    let kind = type(of: operation) as Any.Type
    key.add(Int(bitPattern: ObjectIdentifier(kind)))
    operation.encode(into: &key)
    if kind == ScalarConstant.self, let scalar = operation as? ScalarConstant, !scalar.isSpecial {
      scalars.append(scalar.value)
    }
    key.add(node.inputs.count)
    for input in node.inputs {
      if isLeaf(input) {
        let slot = leafSlot(input, visit: visit)
        leafEdges[slot] += 1
        key.add(-1 - slot)
      } else {
        key.add(input.node.index)
        key.add(input.output)
      }
    }
    node.visit = visit
    node.index = nodes.count
    nodes.append(node)
  }

  /// The slot of an existing value; the key learns its type when it is first met.
  private mutating func leafSlot(_ tensor: Tensor, visit: UInt64) -> Int {
    let isWhole = tensor.node.hasValues && tensor.node.outputCount == 1
    if isWhole {
      if tensor.node.visit == visit { return tensor.node.index }
      tensor.node.visit = visit
      tensor.node.index = leaves.count
    } else {
      let partial = PartialLeaf(node: ObjectIdentifier(tensor.node), output: tensor.output)
      if let slot = partialLeaves[partial] { return slot }
      partialLeaves[partial] = leaves.count
    }
    leaves.append(tensor)
    leafEdges.append(0)
    key.add(tensor.type)
    key.add(tensor.node.isLasting)
    return leaves.count - 1
  }

  /// The slot a leaf was given by the last walk.
  func slot(of tensor: Tensor) -> Int {
    if tensor.node.hasValues, tensor.node.outputCount == 1 { return tensor.node.index }
    let partial = PartialLeaf(node: ObjectIdentifier(tensor.node), output: tensor.output)
    guard let slot = partialLeaves[partial] else { preconditionFailure("a leaf without a slot") }
    return slot
  }

  /// The captured nodes as a graph for the compiler, in the order of recording.
  func graph(roots: [Tensor], keepsLasting: Bool) -> Graph {
    var graph = Graph()
    graph.inputTypes = leaves.map(\.type)
    if keepsLasting { graph.lastingSlots = Set(leaves.indices.filter { leaves[$0].node.isLasting }) }
    graph.scalarCount = scalars.count
    let inputs = leaves.indices.map { graph.append(GraphInput(slot: $0), [], [graph.inputTypes[$0]]) }
    // Scalars are numbered in the order of the walk, nodes placed in the order of recording.
    var scalarSlots = [Int](repeating: 0, count: nodes.count)
    var scalarSlot = 0
    for (index, node) in nodes.enumerated() {
      if let scalar = node.operation as? ScalarConstant, !scalar.isSpecial {
        scalarSlots[index] = scalarSlot
        scalarSlot += 1
      }
    }
    var made = [Int](repeating: -1, count: nodes.count)
    for index in nodes.indices.sorted(by: { nodes[$0].sequence < nodes[$1].sequence }) {
      let node = nodes[index]
      let types = (0..<node.outputCount).map { node.type(of: $0) }
      if let scalar = node.operation as? ScalarConstant, !scalar.isSpecial {
        made[index] = graph.append(BoundScalar(slot: scalarSlots[index]), [], types).node
        continue
      }
      let operands = node.inputs.map { input in
        isLeaf(input) ? inputs[slot(of: input)] : ValueID(made[input.node.index], input.output)
      }
      made[index] = graph.append(node.operation, operands, types).node
    }
    graph.roots = roots.map { ValueID(made[$0.node.index], $0.output) }
    return graph
  }

  /// Forgets nodes and values, so that the capture keeps nothing alive between steps.
  mutating func clear() {
    nodes.removeAll(keepingCapacity: true)
    leaves.removeAll(keepingCapacity: true)
  }
}
