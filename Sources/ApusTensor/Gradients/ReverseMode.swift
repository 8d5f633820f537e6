/// The reverse walk: from results back to the tensors they depend on, one gradient rule at a time.
package enum ReverseMode {
  /// The gradients of the sum of `seeds[i] . results[i]` with respect to each of `targets`; nil where there is none.
  ///
  /// Contributions of all consumers of a value are summed here and reduced to its shape here, once for every rule.
  package static func gradients(
    of results: [Tensor], seeds: [Tensor], with targets: [Tensor]
  ) -> [Tensor?] {
    let path = GraphLock.withLock { Path(from: targets, to: results) }
    var gathered = [Tensor?](repeating: nil, count: path.outputCount)
    func add(_ contribution: Tensor, at place: Int, shape: Shape) {
      let fitted = contribution.summed(to: shape)
      gathered[place] = gathered[place].map { $0 + fitted } ?? fitted
    }
    for (index, place) in path.resultPlaces.enumerated() where place >= 0 {
      add(seeds[index], at: place, shape: results[index].shape)
    }
    for position in stride(from: path.nodes.count - 1, through: path.targetNodeCount, by: -1) {
      let node = path.nodes[position]
      let first = path.firstOutput[position]
      let outputGradients = Array(gathered[first..<(first + node.outputCount)])
      guard outputGradients.contains(where: { $0 != nil }) else { continue }
      let inputs = node.inputs
      let places = path.inputPlaces[path.firstInput[position]..<(path.firstInput[position] + inputs.count)]
      let context = GradientContext(
        inputs: inputs, outputs: (0..<node.outputCount).map { Tensor(node: node, output: $0) },
        outputGradients: outputGradients, needs: places.map { $0 >= 0 })
      let contributions = node.operation.gradient(context)
      for (index, place) in places.enumerated() where place >= 0 {
        if let contribution = contributions[index] { add(contribution, at: place, shape: inputs[index].shape) }
      }
    }
    return path.targetPlaces.map { $0 >= 0 ? gathered[$0] : nil }
  }

  /// The nodes between targets and results in order, with the place of every gradient worked out beforehand: rules may
  /// take gradients themselves, so nothing is looked up in the nodes once they run.
  private struct Path {
    /// Nodes of the targets, then the nodes that depend on them, inputs before their users.
    private(set) var nodes: [Node] = []
    private(set) var targetNodeCount = 0
    private(set) var firstOutput: [Int] = []
    private(set) var outputCount = 0
    private(set) var firstInput: [Int] = []
    /// Where the gradient of each input of each node is gathered; -1 where none is wanted.
    private(set) var inputPlaces: [Int] = []
    private(set) var targetPlaces: [Int] = []
    private(set) var resultPlaces: [Int] = []
    private static nonisolated(unsafe) var walks: UInt64 = 0  // guarded by the graph lock

    init(from targets: [Tensor], to results: [Tensor]) {
      Self.walks += 1
      let walk = Self.walks
      for target in targets where target.node.gradientWalk != walk { append(target.node, walk) }
      targetNodeCount = nodes.count
      for result in results { visit(result.node, walk) }
      for node in nodes {
        firstInput.append(inputPlaces.count)
        for input in node.inputs { inputPlaces.append(place(of: input, walk)) }
      }
      targetPlaces = targets.map { place(of: $0, walk) }
      resultPlaces = results.map { place(of: $0, walk) }
    }

    private mutating func append(_ node: Node, _ walk: UInt64) {
      node.gradientWalk = walk
      node.gradientPosition = nodes.count
      nodes.append(node)
      firstOutput.append(outputCount)
      outputCount += node.outputCount
    }

    private func place(of tensor: Tensor, _ walk: UInt64) -> Int {
      guard tensor.node.gradientWalk == walk, tensor.node.gradientPosition >= 0, tensor.dtype.isFloatingPoint else {
        return -1
      }
      return firstOutput[tensor.node.gradientPosition] + tensor.output
    }

    /// Depth first, without recursion; nodes that depend on no target get the position -1.
    private mutating func visit(_ result: Node, _ walk: UInt64) {
      var stack: [(node: Node, next: Int)] = [(result, 0)]
      while let (node, next) = stack.popLast() {
        if node.gradientWalk == walk { continue }
        var position = next
        var descended = false
        while position < node.inputs.count {
          let input = node.inputs[position].node
          position += 1
          if input.gradientWalk != walk {
            stack.append((node, position))
            stack.append((input, 0))
            descended = true
            break
          }
        }
        if descended { continue }
        if node.inputs.contains(where: { $0.node.gradientPosition >= 0 }) {
          append(node, walk)
        } else {
          node.gradientWalk = walk
          node.gradientPosition = -1
        }
      }
    }
  }
}
