import ApusTensor

/// Puts the operations of an elementwise function in the place of each application, so that every later pass sees the
/// graph as if it had been recorded operation by operation.
package enum ExpandFunctions {
  package static func run(_ graph: Graph) -> Graph {
    guard graph.nodes.contains(where: { $0.operation is ElementwiseApplication }) else { return graph }
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      guard let application = node.operation as? ElementwiseApplication else {
        builder.keep(index)
        return
      }
      let function = application.body.function
      let inputs = node.inputs.map { builder.mapped($0) }
      for set in 0..<application.setCount {
        var values = application.inputs(ofSet: set, in: inputs)
        for step in function.steps {
          let operands = step.inputs.map { values[$0] }
          let types = RecordedFunction.types(of: step, operands.map { builder.result.type(of: $0) })
          let made = builder.append(step.operation, operands, types)
          values += types.indices.map { ValueID(made.node, $0) }
        }
        for (position, result) in function.results.enumerated() {
          builder.replace(ValueID(index, set * function.results.count + position), by: values[result])
        }
      }
    }
  }
}
