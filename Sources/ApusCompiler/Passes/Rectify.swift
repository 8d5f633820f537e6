import ApusTensor

/// Lets a convolution or a batch normalisation apply the ReLU that follows it, when nothing else reads its own result.
///
/// The gradient of ReLU needs only its result, so this holds in training too; a normalisation's gradient then takes in
/// the gradient of the ReLU.
package enum Rectify {
  package static func run(_ graph: Graph) -> Graph {
    // The only reader of each node's first output; -1 where there are none or several.
    var reader = [Int?](repeating: nil, count: graph.nodes.count)
    func note(_ value: ValueID, _ user: Int) {
      guard value.output == 0 else { return }
      reader[value.node] = reader[value.node] == nil ? user : -1
    }
    for (index, node) in graph.nodes.enumerated() { for input in node.inputs { note(input, index) } }
    for root in graph.roots { note(root, -1) }
    func rectifier(of index: Int) -> Int? {
      guard rectified(graph.nodes[index].operation) != nil, let user = reader[index], user >= 0 else { return nil }
      return isRectifier(graph.nodes[user]) ? user : nil
    }
    let rectifiers = Set(graph.nodes.indices.compactMap { rectifier(of: $0) })
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      if rectifiers.contains(index) {
        builder.replace(ValueID(index), by: builder.mapped(node.inputs[0]))
      } else if rectifier(of: index) != nil, let operation = rectified(node.operation) {
        let made = builder.append(operation, node.inputs.map { builder.mapped($0) }, node.types)
        for output in node.types.indices { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
      } else if let backward = node.operation as? BatchNormTrainingBackward, reader[node.inputs[1].node] == index,
        let (result, gradient) = rectifierGradient(node.inputs[1], in: graph), rectifiers.contains(result.node)
      {
        // The normalisation whose ReLU it is: its shift tells where the result is positive.
        let norm = graph.nodes[graph.nodes[result.node].inputs[0].node]
        guard norm.operation is BatchNormTraining, norm.inputs[0] == node.inputs[0] else { return builder.keep(index) }
        var inputs = node.inputs + [norm.inputs[2]]
        inputs[1] = gradient
        let made = builder.append(
          RectifiedBatchNormBackward(backward), inputs.map { builder.mapped($0) }, node.types)
        for output in node.types.indices { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
      } else {
        builder.keep(index)
      }
    }.removingDeadNodes()
  }

  /// The ReLU's result and its gradient, where a value is the gradient of a ReLU's argument.
  private static func rectifierGradient(_ value: ValueID, in graph: Graph) -> (result: ValueID, gradient: ValueID)? {
    let node = graph.nodes[value.node]
    guard let fused = node.operation as? FusedElementwise, node.types.count == 1, node.inputs.count == 3,
      fused.program.instructions == [.init(.binary(.greater), [0, 1]), .init(.select, [3, 2, 1])],
      (graph.nodes[node.inputs[1].node].operation as? ScalarConstant)?.value == 0,
      graph.type(of: node.inputs[0]) == node.types[0], graph.type(of: node.inputs[2]) == node.types[0]
    else { return nil }
    return (node.inputs[0], node.inputs[2])
  }

  /// The operation that applies the ReLU itself, where there is one.
  private static func rectified(_ operation: any Primitive) -> (any Primitive)? {
    switch operation {
    case let convolution as Convolution: RectifiedConvolution(convolution)
    case let norm as BatchNormTraining: RectifiedBatchNorm(norm)
    default: nil
    }
  }

  private static func isRectifier(_ node: Graph.Node) -> Bool {
    guard let fused = node.operation as? FusedElementwise, node.types.count == 1 else { return false }
    return fused.program.instructions == [.init(.unary(.rectify), [0])]
  }
}
