import ApusTensor

/// Gives operations inputs that stay the same in the form in which the backend's kernels read them: parameters, where that
/// form can be kept from replay to replay (see ``KeepLasting``), as kernels transformed for Winograd's convolution; and what
/// the body of a loop reads from outside, as the matrices of a recurrent network.
package enum PrepareOperands {
  package static func run(_ graph: Graph, backend: any Backend) -> Graph {
    let lasts = graph.lastingSlots.isEmpty ? [] : graph.lastingNodes()
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      if let scan = node.operation as? Scan { return prepare(scan, index, backend, &builder) }
      guard !lasts.isEmpty,
        let prepared = backend.preparedOperand(
          of: node, inputTypes: node.inputs.map { graph.type(of: $0) },
          inputLayouts: node.inputs.map { graph.layout(of: $0) }),
        lasts[node.inputs[prepared.input].node]
      else { return builder.keep(index) }
      var inputs = node.inputs.map { builder.mapped($0) }
      inputs[prepared.input] = builder.append(prepared.preparation, [inputs[prepared.input]], [prepared.type])
      replace(index, by: prepared.operation, inputs, &builder)
    }
  }

  /// A loop whose body reads values from outside in the form that the backend would rather have.
  private static func prepare(_ scan: Scan, _ index: Int, _ backend: any Backend, _ builder: inout Rebuilder) {
    var scan = scan
    var inputs = builder.source.nodes[index].inputs.map { builder.mapped($0) }
    let outside = scan.carryCount + scan.sequenceCount..<scan.body.inputTypes.count
    var readers: [Int: Int] = [:]
    for value in scan.body.steps.flatMap(\.inputs) + scan.body.results + scan.kept { readers[value, default: 0] += 1 }
    for (position, step) in scan.body.steps.enumerated() {
      guard
        let prepared = backend.preparedLoopOperand(
          of: step.operation, inputTypes: step.inputs.map { scan.body.type(of: $0) })
      else { continue }
      let value = step.inputs[prepared.input]
      guard outside.contains(value), readers[value] == 1 else { continue }
      inputs[value] = builder.append(prepared.preparation, [inputs[value]], [prepared.type])
      scan.body.inputTypes[value] = prepared.type
      scan.body.steps[position].operation = prepared.operation
    }
    replace(index, by: scan, inputs, &builder)
  }

  private static func replace(
    _ index: Int, by operation: any Primitive, _ inputs: [ValueID], _ builder: inout Rebuilder
  ) {
    let node = builder.source.nodes[index]
    let made = builder.append(operation, inputs, node.types, layouts: node.layouts)
    for output in node.types.indices { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
  }
}
