/// Who reads each value of a graph.
struct Readers {
  private var readers: [ValueID: [Int]] = [:]
  private let roots: Set<ValueID>

  init(_ graph: Graph) {
    roots = Set(graph.roots)
    for (index, node) in graph.nodes.enumerated() {
      for input in node.inputs { readers[input, default: []].append(index) }
    }
  }

  /// The nodes that read a value; nil where the graph is asked for it.
  func all(_ value: ValueID) -> Set<Int>? { roots.contains(value) ? nil : Set(readers[value] ?? []) }

  /// The node that alone reads a value, and that once.
  func only(_ value: ValueID) -> Int? {
    guard !roots.contains(value), let list = readers[value], list.count == 1 else { return nil }
    return list[0]
  }
}
