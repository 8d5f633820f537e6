import ApusTensor

/// Moves what multiplies or shifts the channels of a convolution's result into its kernels and its bias, where all of them
/// are parameters or computed from parameters alone: batch normalisation in inference, first of all.
///
/// The new kernels are computed once and kept (see ``KeepLasting``), so the normalisation costs nothing from the second
/// replay on. Graphs that train kernels are left alone: theirs would be folded anew in every step.
package enum FoldFactors {
  package static func run(_ graph: Graph) -> Graph {
    guard !graph.lastingSlots.isEmpty, !graph.nodes.contains(where: { trains($0.operation) }) else { return graph }
    let lasts = graph.lastingNodes()
    var readers = [Int](repeating: 0, count: graph.nodes.count)
    for value in graph.nodes.flatMap(\.inputs) + graph.roots { readers[value.node] += 1 }
    // Nodes of the given graph that are, in the new one, convolutions with lasting kernels.
    var carriers: Set<Int> = []
    return graph.rebuilt { builder, index in
      let node = graph.nodes[index]
      // Of a difference only the left side can be the convolution.
      if let binary = node.operation as? Binary,
        let side = (binary.function == .subtract ? 0..<1 : 0..<2).first(where: {
          carriers.contains(node.inputs[$0].node) && readers[node.inputs[$0].node] == 1
        }), lasts[node.inputs[1 - side].node],
        let folded = fold(binary.function, node.inputs[1 - side], into: node.inputs[side], &builder)
      {
        carriers.insert(index)
        builder.replace(ValueID(index), by: folded)
        return
      }
      builder.keep(index)
      if node.operation is Convolution, node.inputs.dropFirst().allSatisfy({ lasts[$0.node] }) {
        carriers.insert(index)
      }
    }.removingDeadNodes()
  }

  private static func trains(_ operation: any Primitive) -> Bool {
    operation is ConvolutionBackwardWeights || operation is BatchNormTraining
  }

  /// The convolution whose kernels and bias hold a function of its result and `term`; nil when it is no such function,
  /// or the term is not one number for all channels or one for each.
  private static func fold(
    _ function: BinaryFunction, _ term: ValueID, into convolution: ValueID, _ builder: inout Rebuilder
  ) -> ValueID? {
    let carrier = builder.result.nodes[builder.mapped(convolution).node]
    guard var operation = carrier.operation as? Convolution else { return nil }
    let (channels, dtype) = (carrier.types[0].shape[1], carrier.types[0].dtype)
    let shape = builder.source.type(of: term).shape
    let isOne = shape.elementCount == 1 && shape.rank <= 4
    let isPerChannel = shape == [1, channels, 1, 1] || shape == [channels, 1, 1]
    guard isOne || isPerChannel else { return nil }
    let count = isOne ? 1 : channels
    var inputs = carrier.inputs
    func reshaped(_ shape: Shape) -> ValueID {
      builder.append(Reshape(shape: shape), [builder.mapped(term)], [TensorType(shape, dtype)])
    }
    let bias = TensorType([channels], dtype)
    switch function {
    case .multiply:
      inputs[1] = builder.append(
        Binary(.multiply), [inputs[1], reshaped([count, 1, 1, 1])], [builder.result.type(of: inputs[1])])
      if operation.hasBias { inputs[2] = builder.append(Binary(.multiply), [inputs[2], reshaped([count])], [bias]) }
    case .add, .subtract:
      if operation.hasBias {
        inputs[2] = builder.append(Binary(function), [inputs[2], reshaped([count])], [bias])
      } else {
        var added = reshaped([count])
        if function == .subtract { added = builder.append(Unary(.negate), [added], [TensorType([count], dtype)]) }
        if isOne && channels != 1 { added = builder.append(Broadcast(shape: [channels]), [added], [bias]) }
        inputs.append(added)
        operation.hasBias = true
      }
    default: return nil
    }
    return builder.append(operation, inputs, carrier.types)
  }
}
