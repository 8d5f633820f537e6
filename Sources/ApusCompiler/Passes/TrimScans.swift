import ApusTensor

/// Takes from loops the stacks that nobody reads: a forward pass without gradient keeps nothing.
package enum TrimScans {
  package static func run(_ graph: Graph) -> Graph {
    var used = Set(graph.roots)
    for node in graph.nodes { used.formUnion(node.inputs) }
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      guard var scan = node.operation as? Scan else {
        builder.keep(index)
        return
      }
      let firstKept = scan.carryCount + scan.outputCount
      let survivors = scan.kept.indices.filter { used.contains(ValueID(index, firstKept + $0)) }
      scan.kept = survivors.map { scan.kept[$0] }
      let types = Array(node.types.prefix(firstKept)) + survivors.map { node.types[firstKept + $0] }
      let made = builder.append(scan, node.inputs.map { builder.mapped($0) }, types)
      for output in 0..<firstKept { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
      for (position, survivor) in survivors.enumerated() {
        builder.replace(ValueID(index, firstKept + survivor), by: ValueID(made.node, firstKept + position))
      }
    }
  }
}
