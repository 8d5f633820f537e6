import ApusTensor

/// Orders the operations so that values are used soon after they are made.
///
/// The order of recording already follows the data: forward, then backward. Operations without users inside the graph
/// (parameter updates) move up to right after the last of their inputs, so that gradients do not wait: each is added to
/// its parameter while it lies in the cache, and its memory is free for the next.
package enum Schedule {
  package static func run(_ graph: Graph) -> Graph {
    let order = self.order(of: graph)
    if order == Array(graph.nodes.indices) { return graph }
    var position = [Int](repeating: 0, count: graph.nodes.count)
    for (place, index) in order.enumerated() { position[index] = place }
    var result = graph
    func moved(_ value: ValueID) -> ValueID { ValueID(position[value.node], value.output) }
    result.nodes = order.map { index in
      var node = graph.nodes[index]
      node.inputs = node.inputs.map(moved)
      return node
    }
    result.roots = graph.roots.map(moved)
    return result
  }

  private static func order(of graph: Graph) -> [Int] {
    let users = graph.users()
    // What is there before anything runs holds nobody up, wherever it was recorded: a learning rate comes last.
    let isGiven = graph.nodes.map { node in
      node.operation is GraphInput || node.operation is BoundScalar || node.operation is ScalarConstant
    }
    var earliest = [[Int]](repeating: [], count: graph.nodes.count)
    var isMoved = [Bool](repeating: false, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      guard users[index].isEmpty, let last = node.inputs.map(\.node).filter({ !isGiven[$0] }).max() else { continue }
      earliest[last].append(index)
      isMoved[index] = true
    }
    var order = graph.nodes.indices.filter { isGiven[$0] }
    for index in graph.nodes.indices where !isMoved[index] && !isGiven[index] {
      order.append(index)
      order.append(contentsOf: earliest[index])
    }
    return order
  }
}
