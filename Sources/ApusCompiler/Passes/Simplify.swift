import ApusTensor

/// Replaces operations by simpler ones that give the same elements.
///
/// Identities go (`x + 0`, `x * 1`, casts and reshapes to the same type, markers of gradients), views of views become
/// one view, transposes move into matrix products, and a broadcast that an elementwise operation would do anyway is
/// left to it. Nothing that could change a NaN, an infinity or a rounding is touched.
package enum Simplify {
  package static func run(_ graph: Graph) -> Graph {
    graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      let inputs = node.inputs.map { builder.mapped($0) }
      if let same = unchanged(node, inputs, in: builder.result) {
        builder.replace(ValueID(index), by: same)
      } else if let (operation, operands) = rewritten(node, inputs, in: builder.result) {
        builder.replace(ValueID(index), by: builder.append(operation, operands, node.types))
      } else {
        builder.keep(index)
      }
    }.removingDeadNodes()
  }

  /// The value an operation only passes on.
  private static func unchanged(_ node: Graph.Node, _ inputs: [ValueID], in graph: Graph) -> ValueID? {
    func has(_ input: Int, _ number: Double) -> Bool { constant(inputs[input], in: graph) == number }
    func keepsType(_ input: Int) -> Bool { graph.type(of: inputs[input]) == node.types[0] }
    if isIdentity(node.operation) { return inputs[0] }
    switch node.operation {
    case is Reshape, is Broadcast, is Cast:
      return keepsType(0) ? inputs[0] : nil
    case let transpose as Transpose:
      return transpose.permutation == Array(0..<transpose.permutation.count) ? inputs[0] : nil
    case let binary as Binary:
      switch binary.function {
      case .add:
        // x + 0 keeps everything but the sign of -0, which no comparison sees.
        if has(1, 0), keepsType(0) { return inputs[0] }
        if has(0, 0), keepsType(1) { return inputs[1] }
      case .subtract, .power:
        if has(1, binary.function == .power ? 1 : 0), keepsType(0) { return inputs[0] }
      case .multiply:
        if has(1, 1), keepsType(0) { return inputs[0] }
        if has(0, 1), keepsType(1) { return inputs[1] }
      case .divide:
        if has(1, 1), keepsType(0) { return inputs[0] }
      default: break
      }
      return nil
    case let unary as Unary where unary.function == .negate:
      let inner = graph.nodes[inputs[0].node]
      if let first = inner.operation as? Unary, first.function == .negate { return inner.inputs[0] }
      return nil
    case let reduce as Reduce:
      return reduce.axes.isEmpty ? inputs[0] : nil
    default: return nil
    }
  }

  private static func rewritten(
    _ node: Graph.Node, _ inputs: [ValueID], in graph: Graph
  ) -> (any Primitive, [ValueID])? {
    switch node.operation {
    case let reshape as Reshape:
      let inner = graph.nodes[inputs[0].node]
      return inner.operation is Reshape ? (reshape, inner.inputs) : nil
    case let transpose as Transpose:
      let inner = graph.nodes[inputs[0].node]
      if let first = inner.operation as? Transpose {
        return (Transpose(permutation: transpose.permutation.map { first.permutation[$0] }), inner.inputs)
      }
      // Moving axes of extent 1 only is a reshape.
      let shape = graph.type(of: inputs[0]).shape
      let moved = transpose.permutation.filter { shape[$0] != 1 }
      return moved == moved.sorted() ? (Reshape(shape: node.types[0].shape), inputs) : nil
    case is Broadcast:
      let inner = graph.nodes[inputs[0].node]
      return inner.operation is Broadcast ? (node.operation, inner.inputs) : nil
    case let reduce as Reduce:
      let shape = graph.type(of: inputs[0]).shape
      let axes = reduce.axes.filter { shape[$0] != 1 }
      if axes.isEmpty { return (Reshape(shape: node.types[0].shape), inputs) }
      return axes.count < reduce.axes.count ? (Reduce(reduce.reduction, axes: axes), inputs) : nil
    case let product as MatMul:
      return withoutTransposes(product, inputs, in: graph)
    case let binary as Binary:
      if binary.function == .power, constant(inputs[1], in: graph) == 2, graph.type(of: inputs[0]) == node.types[0] {
        return (Unary(.square), [inputs[0]])
      }
      return withoutBroadcasts(node, inputs, in: graph)
    case is Select:
      return withoutBroadcasts(node, inputs, in: graph)
    default: return nil
    }
  }

  private static func constant(_ value: ValueID, in graph: Graph) -> Double? {
    let node = graph.nodes[value.node]
    if let scalar = node.operation as? ScalarConstant { return scalar.value }
    if node.operation is Broadcast { return constant(node.inputs[0], in: graph) }
    return nil
  }

  private static func withoutTransposes(
    _ product: MatMul, _ inputs: [ValueID], in graph: Graph
  ) -> (any Primitive, [ValueID])? {
    var product = product
    var operands = inputs
    var changed = false
    for side in 0..<2 {
      let inner = graph.nodes[operands[side].node]
      guard let transpose = inner.operation as? Transpose else { continue }
      let rank = transpose.permutation.count
      guard transpose.permutation == Array(0..<(rank - 2)) + [rank - 1, rank - 2] else { continue }
      operands[side] = inner.inputs[0]
      if side == 0 { product.transposesLeft.toggle() } else { product.transposesRight.toggle() }
      changed = true
    }
    return changed ? (product, operands) : nil
  }

  /// Elementwise operations broadcast by themselves, as long as another operand still has the full shape.
  private static func withoutBroadcasts(
    _ node: Graph.Node, _ inputs: [ValueID], in graph: Graph
  ) -> (any Primitive, [ValueID])? {
    var operands = inputs
    var changed = false
    for position in operands.indices {
      let inner = graph.nodes[operands[position].node]
      guard inner.operation is Broadcast else { continue }
      var candidate = operands
      candidate[position] = inner.inputs[0]
      var shape: Shape? = Shape()
      for operand in candidate { shape = shape?.broadcast(with: graph.type(of: operand).shape) }
      guard shape == node.types[0].shape else { continue }
      operands = candidate
      changed = true
    }
    return changed ? (node.operation, operands) : nil
  }
}
