import ApusTensor

/// Gives operations their parameters in the form in which the backend's kernels multiply, where that form can be kept from
/// replay to replay (see ``KeepLasting``): kernels transformed for Winograd's convolution.
package enum PrepareOperands {
  package static func run(_ graph: Graph, backend: any Backend) -> Graph {
    guard !graph.lastingSlots.isEmpty else { return graph }
    let lasts = graph.lastingNodes()
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      guard
        let prepared = backend.preparedOperand(
          of: node, inputTypes: node.inputs.map { graph.type(of: $0) },
          inputLayouts: node.inputs.map { graph.layout(of: $0) }),
        lasts[node.inputs[prepared.input].node]
      else { return builder.keep(index) }
      var inputs = node.inputs.map { builder.mapped($0) }
      inputs[prepared.input] = builder.append(prepared.preparation, [inputs[prepared.input]], [prepared.type])
      let made = builder.append(prepared.operation, inputs, node.types, layouts: node.layouts)
      for output in node.types.indices { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
    }
  }
}
