import ApusTensor

/// Takes what is computed from parameters alone out of a graph, to be computed once and kept until they change: kernels
/// with a normalisation folded in, kernels transformed or reordered for the operation that reads them.
package enum KeepLasting {
  /// A graph in two parts.
  package struct Parts {
    /// Computes what is kept, its roots; nil where there is nothing worth keeping.
    package var kept: Graph?
    /// The rest. It is given the kept values after the data of the whole graph.
    package var rest: Graph
  }

  package static func run(_ graph: Graph) -> Parts {
    let lasts = graph.lastingNodes()
    // Without data everything is made of parameters, and asked for once.
    guard graph.nodes.indices.contains(where: { graph.nodes[$0].operation is GraphInput && !lasts[$0] }) else {
      return Parts(kept: nil, rest: graph)
    }
    // What is asked for, and what that views: results belong to the caller.
    var roots = Set(graph.roots.map(\.node))
    for index in graph.nodes.indices.reversed() where roots.contains(index) {
      if PlanMemory.isView(graph.nodes[index], in: graph) { roots.insert(graph.nodes[index].inputs[0].node) }
    }
    // Views and scalars cost nothing; they stay where they are read.
    func isComputed(_ index: Int) -> Bool {
      switch graph.nodes[index].operation {
      case is GraphInput, is ScalarConstant, is BoundScalar: false
      default: lasts[index] && !roots.contains(index) && !PlanMemory.isView(graph.nodes[index], in: graph)
      }
    }
    var kept: [ValueID] = []
    var slots: [ValueID: Int] = [:]
    func note(_ value: ValueID) {
      if isComputed(value.node) {
        guard slots[value] == nil else { return }
        slots[value] = graph.inputTypes.count + kept.count
        kept.append(value)
      } else if lasts[value.node], PlanMemory.isView(graph.nodes[value.node], in: graph) {
        note(graph.nodes[value.node].inputs[0])
      }
    }
    for (index, node) in graph.nodes.enumerated() where !lasts[index] || roots.contains(index) {
      node.inputs.forEach(note)
    }
    guard !kept.isEmpty else { return Parts(kept: nil, rest: graph) }
    var first = graph
    first.roots = kept
    var rest = graph.rebuilt { builder, index in
      if isComputed(index) {
        for output in graph.nodes[index].types.indices {
          let value = ValueID(index, output)
          guard let slot = slots[value] else { continue }
          let layout = graph.layout(of: value)
          builder.replace(
            value,
            by: builder.append(
              GraphInput(slot: slot), [], [graph.type(of: value)], layouts: layout.isPlain ? [] : [layout]))
        }
      } else if graph.nodes[index].inputs.allSatisfy({ builder.isMapped($0) }) {
        // A view of a value that only kept values read has no place here.
        builder.keep(index)
      }
    }
    rest.inputTypes += kept.map { graph.type(of: $0) }
    for (number, value) in kept.enumerated() where !graph.layout(of: value).isPlain {
      rest.inputLayouts[graph.inputTypes.count + number] = graph.layout(of: value)
    }
    return Parts(kept: first.removingDeadNodes(), rest: rest.removingDeadNodes())
  }
}
