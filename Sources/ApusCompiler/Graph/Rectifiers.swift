import ApusTensor

extension Graph {
  /// Whether a node is a ReLU by itself.
  func isRectifier(_ index: Int) -> Bool {
    guard let fused = nodes[index].operation as? FusedElementwise, nodes[index].types.count == 1 else { return false }
    return fused.program.instructions == [.init(.unary(.rectify), [0])]
  }

  /// The ReLU's result and its gradient, where a value is the gradient of a ReLU's argument.
  func rectifierGradient(_ value: ValueID) -> (result: ValueID, gradient: ValueID)? {
    let node = nodes[value.node]
    guard let fused = node.operation as? FusedElementwise, node.types.count == 1, node.inputs.count == 3,
      fused.program.instructions == [.init(.binary(.greater), [0, 1]), .init(.select, [3, 2, 1])],
      (nodes[node.inputs[1].node].operation as? ScalarConstant)?.value == 0,
      type(of: node.inputs[0]) == node.types[0], type(of: node.inputs[2]) == node.types[0]
    else { return nil }
    return (node.inputs[0], node.inputs[2])
  }
}
