import ApusTensor

/// Computes equal expressions once: two operations of the same kind, attributes and inputs become one.
///
/// Random operations are distinguished by their stream attribute, so that two draws stay two.
package enum CommonSubexpressions {
  private struct Expression: Hashable {
    var key: PlanKey
  }

  package static func run(_ graph: Graph) -> Graph {
    var known: [Expression: Int] = [:]
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      var key = PlanKey()
      key.add(Int(bitPattern: ObjectIdentifier(type(of: node.operation))))
      node.operation.encode(into: &key)
      // The numbers 1 and 1.0 of different types, or scalars bound at replay, are different expressions.
      key.add(node.types[0])
      for input in node.inputs {
        let value = builder.mapped(input)
        key.add(value.node)
        key.add(value.output)
      }
      let expression = Expression(key: key)
      if let earlier = known[expression] {
        for output in node.types.indices { builder.replace(ValueID(index, output), by: ValueID(earlier, output)) }
      } else {
        builder.keep(index)
        known[expression] = builder.result.nodes.count - 1
      }
    }.removingDeadNodes()
  }
}
