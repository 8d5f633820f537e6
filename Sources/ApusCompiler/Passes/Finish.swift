import ApusTensor

/// Lets a convolution or a batch normalisation do what follows it on its own result while that is at hand, when nothing
/// else reads it: a ReLU, and for a convolution the sum with another value before.
///
/// The gradient of ReLU needs only its result, so this holds in training too; a normalisation's gradient then takes in
/// the gradient of the ReLU.
package enum Finish {
  package static func run(_ graph: Graph) -> Graph {
    let tails = Tails(graph)
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      func made(_ operation: any Primitive, _ inputs: [ValueID], _ types: [TensorType]) {
        let made = builder.append(operation, inputs.map { builder.mapped($0) }, types)
        for output in node.types.indices { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
      }
      if let head = tails.headOfSum[index], let convolution = graph.nodes[head].operation as? Convolution {
        // Made where the sum stands: only here is the added value known for certain.
        let added = node.inputs[node.inputs[0].node == head ? 1 : 0]
        let rectifies = Self.sumRectifies(node) ?? false
        made(
          FinishedConvolution(convolution, adds: true, rectifies: rectifies), graph.nodes[head].inputs + [added],
          node.types)
      } else if tails.isHeadOfSum.contains(index) {
        return
      } else if tails.rectifiers.contains(index) {
        builder.replace(ValueID(index), by: builder.mapped(node.inputs[0]))
      } else if tails.rectifier(of: index) != nil, let operation = rectified(node.operation) {
        made(operation, node.inputs, node.types)
      } else if let backward = node.operation as? BatchNormTrainingBackward,
        tails.readers.only(node.inputs[1]) == index,
        let (result, gradient) = graph.rectifierGradient(node.inputs[1]), tails.rectifiers.contains(result.node)
      {
        // The normalisation whose ReLU it is: its shift tells where the result is positive.
        let norm = graph.nodes[graph.nodes[result.node].inputs[0].node]
        guard norm.operation is BatchNormTraining, norm.inputs[0] == node.inputs[0] else { return builder.keep(index) }
        var inputs = node.inputs + [norm.inputs[2]]
        inputs[1] = gradient
        made(RectifiedBatchNormBackward(backward), inputs, node.types)
      } else {
        builder.keep(index)
      }
    }.removingDeadNodes()
  }

  /// What follows what.
  private struct Tails {
    let graph: Graph
    let readers: Readers
    /// ReLUs that the operation before them does.
    private(set) var rectifiers: Set<Int> = []
    /// The convolution that does a sum, by the sum's node.
    private(set) var headOfSum: [Int: Int] = [:]
    private(set) var isHeadOfSum: Set<Int> = []

    init(_ graph: Graph) {
      self.graph = graph
      readers = Readers(graph)
      rectifiers = Set(graph.nodes.indices.compactMap { rectifier(of: $0) })
      for (index, node) in graph.nodes.enumerated() where Finish.sumRectifies(node) != nil {
        let type = node.types[0]
        guard node.inputs.allSatisfy({ graph.type(of: $0) == type }) else { continue }
        let heads = node.inputs.map(\.node).filter {
          readers.only(ValueID($0)) == index && graph.nodes[$0].operation is Convolution
        }
        // Of two convolutions the later: the other's result is what it adds.
        if let head = heads.max() {
          headOfSum[index] = head
          isHeadOfSum.insert(head)
        }
      }
    }

    func rectifier(of index: Int) -> Int? {
      guard Finish.rectified(graph.nodes[index].operation) != nil, let user = readers.only(ValueID(index)) else {
        return nil
      }
      return graph.isRectifier(user) ? user : nil
    }
  }

  /// The operation that applies the ReLU itself, where there is one.
  private static func rectified(_ operation: any Primitive) -> (any Primitive)? {
    switch operation {
    case let convolution as Convolution: FinishedConvolution(convolution, adds: false, rectifies: true)
    case let norm as BatchNormTraining: RectifiedBatchNorm(norm)
    default: nil
    }
  }

  /// Whether a ReLU follows the sum that a node is; nil where it is something else.
  private static func sumRectifies(_ node: Graph.Node) -> Bool? {
    guard let fused = node.operation as? FusedElementwise, node.types.count == 1, node.inputs.count == 2 else {
      return nil
    }
    let sum = FusedProgram.Instruction(.binary(.add), [0, 1])
    if fused.program.instructions == [sum] { return false }
    return fused.program.instructions == [sum, .init(.unary(.rectify), [2])] ? true : nil
  }
}
