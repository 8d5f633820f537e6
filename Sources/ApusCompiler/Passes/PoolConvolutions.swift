import ApusTensor

/// Merges a convolution with the max-pooling that alone reads its result, and the gradient of that pooling, with the batch
/// normalisation's before it if there is one, with the gradient of the convolution's kernels where nothing else reads what
/// lies between.
///
/// A first convolution's result is often the largest value of a network, and its gradient the second largest; merged they
/// stay in the cache, an image at a time. The backend says where that pays.
package enum PoolConvolutions {
  package static func run(_ graph: Graph, backend: any Backend) -> Graph {
    let readers = Readers(graph)
    var merged: [Int: Merge] = [:]
    var dropped: Set<Int> = []
    for index in graph.nodes.indices {
      let merge =
        forward(index, in: graph, readers) ?? backward(index, in: graph, readers)
        ?? normalized(index, in: graph, readers)
      guard let merge, backend.prefers(merge.operation, inputTypes: merge.inputs.map { graph.type(of: $0) }) else {
        continue
      }
      merged[merge.place] = merge
      dropped.insert(merge.taken)
    }
    if merged.isEmpty { return graph }
    return graph.rebuilt { builder, index in
      guard let merge = merged[index] else {
        if !dropped.contains(index) { builder.keep(index) }
        return
      }
      let types = merge.outputs.map { graph.type(of: $0) }
      let made = builder.append(merge.operation, merge.inputs.map { builder.mapped($0) }, types)
      for (output, value) in merge.outputs.enumerated() { builder.replace(value, by: ValueID(made.node, output)) }
    }
  }

  /// Two nodes that become one.
  private struct Merge {
    let operation: any Primitive
    let inputs: [ValueID]
    /// The values it gives, in order.
    let outputs: [ValueID]
    /// The node whose place it takes, and the other one.
    let place: Int
    let taken: Int
  }

  private static func forward(_ index: Int, in graph: Graph, _ readers: Readers) -> Merge? {
    let node = graph.nodes[index]
    guard let pool = node.operation as? MaxPool, readers.only(node.inputs[0]) == index,
      pool.geometry.everyWindowHasPixels(of: graph.type(of: node.inputs[0]).shape, result: node.types[0].shape)
    else { return nil }
    let convolution = graph.nodes[node.inputs[0].node]
    let merged: PooledConvolution
    switch convolution.operation {
    case let plain as Convolution:
      merged = PooledConvolution(FinishedConvolution(plain, adds: false, rectifies: false), pool)
    case let finished as FinishedConvolution where !finished.adds: merged = PooledConvolution(finished, pool)
    default: return nil
    }
    return Merge(
      operation: merged, inputs: convolution.inputs, outputs: graph.outputs(of: index), place: index,
      taken: node.inputs[0].node)
  }

  private static func backward(_ index: Int, in graph: Graph, _ readers: Readers) -> Merge? {
    let node = graph.nodes[index]
    guard let weights = node.operation as? ConvolutionBackwardWeights, readers.only(node.inputs[1]) == index else {
      return nil
    }
    let spreading = graph.nodes[node.inputs[1].node]
    guard let spread = spreading.operation as? MaxPoolBackward,
      spread.geometry.everyWindowHasPixels(of: spread.inputShape, result: graph.type(of: spreading.inputs[0]).shape)
    else { return nil }
    return Merge(
      operation: PooledConvolutionBackwardWeights(weights, spread), inputs: [node.inputs[0]] + spreading.inputs,
      outputs: graph.outputs(of: index), place: index, taken: node.inputs[1].node)
  }

  /// In the normalisation's place, whose other gradients may be read before those of the kernels.
  private static func normalized(_ index: Int, in graph: Graph, _ readers: Readers) -> Merge? {
    let node = graph.nodes[index]
    guard let weights = node.operation as? ConvolutionBackwardWeights, readers.only(node.inputs[1]) == index,
      node.inputs[1].output == 0, node.inputs[0].node < node.inputs[1].node
    else { return nil }
    let place = node.inputs[1].node
    guard let norm = graph.nodes[place].operation as? PooledBatchNormBackward else { return nil }
    return Merge(
      operation: NormalizedConvolutionBackwardWeights(weights, norm),
      inputs: [node.inputs[0]] + graph.nodes[place].inputs,
      outputs: graph.outputs(of: index) + graph.outputs(of: place).dropFirst(), place: place, taken: index)
  }
}

extension Graph {
  fileprivate func outputs(of node: Int) -> [ValueID] { nodes[node].types.indices.map { ValueID(node, $0) } }
}

extension PoolGeometry {
  /// Whether every window of a pool over images [N, C, H, W] has at least one pixel of the image.
  func everyWindowHasPixels(of image: Shape, result: Shape) -> Bool {
    dilation == 1 && paddingLow.height < kernel.height && paddingLow.width < kernel.width
      && (result[2] - 1) * stride.height - paddingLow.height < image[2]
      && (result[3] - 1) * stride.width - paddingLow.width < image[3]
  }
}
