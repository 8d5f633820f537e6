import ApusTensor

/// Joins chains of elementwise operations into programs that run in one pass over memory, and a reduction with the
/// program that feeds it.
///
/// An operation joins the group of its users when all of them are in one group of the same shape and type. Then no
/// path can leave the group and come back, so the result is again a graph without cycles. Values the program asks for
/// become further results of the group.
package enum Fuse {
  package static func run(_ graph: Graph) -> Graph {
    let groups = Grouping(graph)
    return groups.emit().removingDeadNodes()
  }

  /// The type a node computes in, if it is elementwise; nil as the inner value where any type serves.
  fileprivate static func computeType(_ node: Graph.Node, in graph: Graph) -> DType?? {
    func type(_ input: Int) -> DType { graph.type(of: node.inputs[input]).dtype }
    func float(_ dtype: DType) -> DType?? { dtype.isFloatingPoint ? .some(dtype) : nil }
    switch node.operation {
    case let unary as Unary:
      return unary.function == .logicalNot ? .some(nil) : float(type(0))
    case let binary as Binary:
      if binary.function.isLogical || type(0) == .bool { return .some(nil) }
      return float(type(0))
    case is Select:
      return type(1) == .bool ? .some(nil) : float(type(1))
    case let cast as Cast:
      if cast.dtype.isFloatingPoint, !type(0).isFloatingPoint { return .some(cast.dtype) }
      if cast.dtype == .bool, type(0).isFloatingPoint { return .some(type(0)) }
      return nil
    default: return nil
    }
  }
}

/// Which nodes run together.
private struct Grouping {
  struct Group {
    var dtype: DType?
    var shape: Shape
    var members: [Int]
    var last: Int
    var externalInputs: Set<ValueID> = []
  }

  let graph: Graph
  var groupOf: [Int]
  var groups: [Group] = []
  let rootNodes: Set<Int>

  init(_ graph: Graph) {
    self.graph = graph
    groupOf = [Int](repeating: -1, count: graph.nodes.count)
    rootNodes = Set(graph.roots.map(\.node))
    let users = graph.users()
    for index in graph.nodes.indices.reversed() {
      let node = graph.nodes[index]
      guard let dtype = Fuse.computeType(node, in: graph) else { continue }
      let shape = node.types[0].shape
      let inputs = Set(node.inputs.map { throughBroadcast($0) })
      if let first = users[index].first, groupOf[first] >= 0,
        users[index].allSatisfy({ groupOf[$0] == groupOf[first] }),
        groups[groupOf[first]].shape == shape,
        groups[groupOf[first]].dtype == nil || dtype == nil || groups[groupOf[first]].dtype == dtype,
        groups[groupOf[first]].members.count + 2 * groups[groupOf[first]].externalInputs.count < 100,
        groups[groupOf[first]].externalInputs.union(inputs).count < 40,
        // A converted result is stored, never read again inside the program.
        isFloatOrBool(node.types[0].dtype)
      {
        let group = groupOf[first]
        groupOf[index] = group
        groups[group].members.append(index)
        groups[group].dtype = groups[group].dtype ?? dtype
        groups[group].externalInputs.formUnion(inputs)
      } else {
        groupOf[index] = groups.count
        groups.append(Group(dtype: dtype, shape: shape, members: [index], last: index, externalInputs: inputs))
      }
    }
  }

  private func isFloatOrBool(_ dtype: DType) -> Bool { dtype.isFloatingPoint || dtype == .bool }

  func throughBroadcast(_ value: ValueID) -> ValueID {
    let node = graph.nodes[value.node]
    return node.operation is Broadcast ? node.inputs[0] : value
  }

  /// The graph with one operation per group.
  func emit() -> Graph {
    let users = graph.users()
    var reduceOf: [Int: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard let reduce = node.operation as? Reduce, node.types[0].dtype.isFloatingPoint else { continue }
      let source = node.inputs[0].node
      guard groupOf[source] >= 0, groups[groupOf[source]].last == source, users[source].count == 1,
        !groups[groupOf[source]].members.contains(where: { rootNodes.contains($0) }),
        areNeighbours(reduce.axes, in: graph.type(of: node.inputs[0]).shape),
        graph.type(of: node.inputs[0]).dtype == groups[groupOf[source]].dtype
      else { continue }
      reduceOf[groupOf[source]] = index
    }
    return graph.rebuilt { builder, index in
      let group = groupOf[index]
      if group < 0 {
        if let (fused, _) = reduceOf.first(where: { $0.value == index }) {
          emitReduce(fused, index, into: &builder)
        } else {
          builder.keep(index)
        }
      } else if groups[group].last == index, reduceOf[group] == nil {
        emitGroup(group, into: &builder)
      }
    }
  }

  /// Whether the axes stand side by side once axes of extent 1 are left out.
  private func areNeighbours(_ axes: [Int], in shape: Shape) -> Bool {
    let wide = shape.indices.filter { shape[$0] != 1 }
    let positions = axes.compactMap { wide.firstIndex(of: $0) }.sorted()
    return positions.isEmpty || positions == Array(positions[0]...positions[positions.count - 1])
  }

  private func emitGroup(_ group: Int, into builder: inout Rebuilder) {
    let (program, operandOf, inputs) = program(of: group, builder: builder)
    let members = groups[group].members.reversed()
    let stored = members.filter { $0 == groups[group].last || rootNodes.contains($0) }
    let operation = FusedElementwise(
      program: program, shape: groups[group].shape, outputs: stored.map { operandOf[$0] ?? 0 },
      outputDTypes: stored.map { graph.nodes[$0].types[0].dtype })
    let made = builder.append(operation, inputs, stored.map { graph.nodes[$0].types[0] })
    for (output, member) in stored.enumerated() {
      builder.replace(ValueID(member), by: ValueID(made.node, output))
    }
  }

  private func emitReduce(_ group: Int, _ index: Int, into builder: inout Rebuilder) {
    guard let reduce = graph.nodes[index].operation as? Reduce else { return }
    let (program, operandOf, inputs) = program(of: group, builder: builder)
    let operation = FusedReduce(
      program: program, shape: groups[group].shape, operand: operandOf[groups[group].last] ?? 0,
      reduction: reduce.reduction, axes: reduce.axes)
    builder.replace(ValueID(index), by: builder.append(operation, inputs, graph.nodes[index].types))
  }

  private func program(
    of group: Int, builder: Rebuilder
  ) -> (program: FusedProgram, operandOf: [Int: Int], inputs: [ValueID]) {
    let members = groups[group].members.sorted()
    var inputs: [ValueID] = []
    var inputIndex: [ValueID: Int] = [:]
    for member in members {
      for operand in graph.nodes[member].inputs where groupOf[operand.node] != group {
        let value = throughBroadcast(operand)
        let mapped = builder.mapped(value)
        if inputIndex[mapped] == nil {
          inputIndex[mapped] = inputs.count
          inputs.append(mapped)
        }
      }
    }
    var program = FusedProgram(dtype: groups[group].dtype ?? .float32)
    program.inputTypes = inputs.map { builder.result.type(of: $0) }
    var operandOf: [Int: Int] = [:]
    for member in members {
      let node = graph.nodes[member]
      let operands = node.inputs.map { operand in
        groupOf[operand.node] == group
          ? operandOf[operand.node] ?? 0 : inputIndex[builder.mapped(throughBroadcast(operand))] ?? 0
      }
      let instruction: FusedProgram.Instruction
      switch node.operation {
      case let unary as Unary: instruction = .init(.unary(unary.function), operands)
      case let binary as Binary: instruction = .init(.binary(binary.function), operands)
      case is Select: instruction = .init(.select, operands)
      case let cast as Cast where cast.dtype == .bool:
        // Truth of a number: not (x == 0), which is also right for NaN.
        program.instructions.append(.init(.unary(.logicalNot), operands))
        instruction = .init(.unary(.logicalNot), [inputs.count + program.instructions.count - 1])
      default: instruction = .init(.copy, operands)
      }
      program.instructions.append(instruction)
      operandOf[member] = inputs.count + program.instructions.count - 1
    }
    return (program, operandOf, inputs)
  }
}
