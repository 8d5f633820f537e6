import ApusTensor

/// Takes from operations the outputs that only a gradient would have read: the stacks of loops and the places of maxima.
package enum TrimOutputs {
  package static func run(_ graph: Graph) -> Graph {
    var used = Set(graph.roots)
    for node in graph.nodes { used.formUnion(node.inputs) }
    return graph.rebuilt { builder, index in
      switch graph.nodes[index].operation {
      case let scan as Scan: trim(scan, index, used, &builder)
      case var pool as MaxPool where pool.findsPlaces && !used.contains(ValueID(index, 1)):
        pool.findsPlaces = false
        let node = graph.nodes[index]
        builder.replace(
          ValueID(index), by: builder.append(pool, node.inputs.map { builder.mapped($0) }, [node.types[0]]))
      default: builder.keep(index)
      }
    }
  }

  private static func trim(_ scan: Scan, _ index: Int, _ used: Set<ValueID>, _ builder: inout Rebuilder) {
    let node = builder.source.nodes[index]
    var scan = scan
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
