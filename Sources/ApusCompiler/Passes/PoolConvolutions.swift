import ApusTensor

/// Merges a convolution with the max-pooling that alone reads its result, and the gradient of that pooling with the gradient
/// of the convolution's kernels where nothing else reads what lies between.
///
/// A first convolution's result is often the largest value of a network, and its gradient the second largest; merged they
/// stay in the cache, an image at a time. The backend says where that pays.
package enum PoolConvolutions {
  package static func run(_ graph: Graph, backend: any Backend) -> Graph {
    let readers = Readers(graph)
    var merged: [Int: (operation: any Primitive, inputs: [ValueID])] = [:]
    var dropped: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard let merge = forward(index, in: graph, readers) ?? backward(index, in: graph, readers),
        backend.prefers(merge.operation, inputTypes: merge.inputs.map { graph.type(of: $0) })
      else { continue }
      merged[index] = (merge.operation, merge.inputs)
      dropped.insert(merge.taken)
      assert(node.inputs.contains { $0.node == merge.taken })
    }
    if merged.isEmpty { return graph }
    return graph.rebuilt { builder, index in
      guard let merge = merged[index] else {
        if !dropped.contains(index) { builder.keep(index) }
        return
      }
      let types = graph.nodes[index].types
      let made = builder.append(merge.operation, merge.inputs.map { builder.mapped($0) }, types)
      for output in types.indices { builder.replace(ValueID(index, output), by: ValueID(made.node, output)) }
    }
  }

  private typealias Merge = (operation: any Primitive, inputs: [ValueID], taken: Int)

  private static func forward(_ index: Int, in graph: Graph, _ readers: Readers) -> Merge? {
    let node = graph.nodes[index]
    guard let pool = node.operation as? MaxPool, readers.only(node.inputs[0]) == index,
      pool.geometry.everyWindowHasPixels(of: graph.type(of: node.inputs[0]).shape, result: node.types[0].shape)
    else { return nil }
    let convolution = graph.nodes[node.inputs[0].node]
    switch convolution.operation {
    case let plain as Convolution:
      let finished = FinishedConvolution(plain, adds: false, rectifies: false)
      return (PooledConvolution(finished, pool), convolution.inputs, node.inputs[0].node)
    case let finished as FinishedConvolution where !finished.adds:
      return (PooledConvolution(finished, pool), convolution.inputs, node.inputs[0].node)
    default: return nil
    }
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
    return (
      PooledConvolutionBackwardWeights(weights, spread), [node.inputs[0]] + spreading.inputs, node.inputs[1].node
    )
  }
}

extension PoolGeometry {
  /// Whether every window of a pool over images [N, C, H, W] has at least one pixel of the image.
  func everyWindowHasPixels(of image: Shape, result: Shape) -> Bool {
    dilation == 1 && paddingLow.height < kernel.height && paddingLow.width < kernel.width
      && (result[2] - 1) * stride.height - paddingLow.height < image[2]
      && (result[3] - 1) * stride.width - paddingLow.width < image[3]
  }
}
