import ApusTensor

/// Checks that a graph is well formed; run after every pass in debug builds.
package enum Verifier {
  /// What is wrong with the graph, or nil.
  package static func problem(in graph: Graph) -> String? {
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs {
        guard input.node >= 0, input.node < index else {
          return "%\(index) = \(node.operation.name) uses \(input), which is not made before it"
        }
        guard input.output < graph.nodes[input.node].types.count else {
          return "%\(index) = \(node.operation.name) uses \(input), an output that does not exist"
        }
      }
      switch node.operation {
      case let input as GraphInput:
        guard input.slot < graph.inputTypes.count, graph.inputTypes[input.slot] == node.types[0] else {
          return "%\(index) reads input \(input.slot), which has another type or does not exist"
        }
      case let scalar as BoundScalar:
        guard scalar.slot < graph.scalarCount else {
          return "%\(index) reads scalar \(scalar.slot) of \(graph.scalarCount)"
        }
      default:
        do throws(ShapeError) {
          let types = try node.operation.resultTypes(node.inputs.map { graph.type(of: $0) })
          guard types == node.types else {
            return "%\(index) = \(node.operation.name) gives \(types), the graph says \(node.types)"
          }
        } catch {
          return "%\(index) = \(node.operation.name): \(error.message)"
        }
      }
    }
    for root in graph.roots {
      guard graph.nodes.indices.contains(root.node), root.output < graph.nodes[root.node].types.count else {
        return "root \(root) does not exist"
      }
    }
    return nil
  }
}
