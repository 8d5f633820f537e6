import ApusTensor

/// Removes the marks that keep recomputed values apart, once equal expressions have been merged.
///
/// What is left are two computations of one value, the second recorded with the gradient: each is released soon after
/// its use, instead of one that is kept from the first use to the last.
package enum ReleaseRecomputations {
  package static func run(_ graph: Graph) -> Graph {
    guard graph.nodes.contains(where: { $0.operation is Recomputation }) else { return graph }
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      if node.operation is Recomputation {
        builder.replace(ValueID(index), by: builder.mapped(node.inputs[0]))
      } else {
        builder.keep(index)
      }
    }
  }
}
