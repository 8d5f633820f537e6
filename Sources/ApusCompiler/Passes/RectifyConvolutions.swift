import ApusTensor

/// Lets a convolution apply the ReLU that follows it, when nothing else reads the convolution's own result.
///
/// The gradient of ReLU needs only its result, so this holds in training too.
package enum RectifyConvolutions {
  package static func run(_ graph: Graph) -> Graph {
    let users = graph.users()
    let roots = Set(graph.roots.map(\.node))
    func rectified(_ index: Int) -> Int? {
      guard graph.nodes[index].operation is Convolution, users[index].count == 1, !roots.contains(index) else {
        return nil
      }
      return isRectifier(graph.nodes[users[index][0]]) ? users[index][0] : nil
    }
    let rectifiers = Set(graph.nodes.indices.compactMap { rectified($0) })
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      if rectifiers.contains(index) {
        builder.replace(ValueID(index), by: builder.mapped(node.inputs[0]))
      } else if let convolution = node.operation as? Convolution, rectified(index) != nil {
        let made = builder.append(
          RectifiedConvolution(convolution), node.inputs.map { builder.mapped($0) }, node.types)
        builder.replace(ValueID(index), by: made)
      } else {
        builder.keep(index)
      }
    }
  }

  private static func isRectifier(_ node: Graph.Node) -> Bool {
    guard let fused = node.operation as? FusedElementwise, node.types.count == 1 else { return false }
    return fused.program.instructions == [.init(.unary(.rectify), [0])]
  }
}
