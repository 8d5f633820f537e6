import ApusTensor

/// Lets max-pooling and the ReLU before it share their gradients' work, and takes in the batch normalisation before both.
///
/// The gradient of a pooled maximum reaches one element of its window, which is positive if the maximum is: so the ReLU's
/// gradient is taken of the pooled images, a quarter as large with the usual window, before it is spread and not after.
/// With batch normalisation all of normalising, rectifying and pooling becomes one operation in each direction, where what
/// lies between is not stored.
package enum MergePools {
  package static func run(_ graph: Graph) -> Graph {
    let readers = Readers(graph)
    let merges = graph.nodes.indices.compactMap { Merge(gradient: $0, in: graph, readers) }
    if merges.isEmpty { return graph }
    var rectified: [Int: Merge] = [:]
    var roles: [Int: Role] = [:]
    for merge in merges {
      roles[merge.spread] = .dropped
      if let norm = merge.norm {
        roles[norm.forward] = .forward(merge, norm)
        roles[merge.rectifier] = .dropped
        roles[merge.pool] = .dropped
        roles[merge.gradient] = .dropped
        roles[norm.backward] = .backward(merge, norm)
      } else {
        rectified[merge.gradient] = merge
      }
    }
    return graph.rebuilt { builder, index in
      if let merge = rectified[index] { return Self.spreadLast(merge, &builder) }
      switch roles[index] {
      case .dropped: return
      case .forward(let merge, let norm): Self.forward(merge, norm, &builder)
      case .backward(let merge, let norm): Self.backward(merge, norm, &builder)
      case nil: builder.keep(index)
      }
    }.removingDeadNodes()
  }

  private enum Role {
    case dropped
    case forward(Merge, Merge.Norm)
    case backward(Merge, Merge.Norm)
  }

  /// Nodes that belong together: a ReLU, the pool that reads it, that pool's gradient, and the ReLU's.
  private struct Merge {
    var (rectifier, pool, spread, gradient) = (0, 0, 0, 0)
    var norm: Norm?

    /// A batch normalisation that only the ReLU reads, and its gradient.
    struct Norm {
      var forward: Int
      var backward: Int
    }

    init?(gradient index: Int, in graph: Graph, _ readers: Readers) {
      guard let (result, value) = graph.rectifierGradient(ValueID(index)), readers.only(value) == index,
        let spreading = graph.nodes[value.node].operation as? MaxPoolBackward
      else { return nil }
      let places = graph.nodes[value.node].inputs[1]
      guard let pooling = graph.nodes[places.node].operation as? MaxPool, places.output == 1,
        pooling.geometry == spreading.geometry, graph.nodes[places.node].inputs[0] == result
      else { return nil }
      (rectifier, pool, spread, gradient) = (result.node, places.node, value.node, index)
      norm = normalization(of: result, in: graph, readers)
    }

    private func normalization(of result: ValueID, in graph: Graph, _ readers: Readers) -> Norm? {
      guard graph.isRectifier(rectifier), readers.all(result) == [pool, gradient] else { return nil }
      let normalized = graph.nodes[rectifier].inputs[0]
      let norm = graph.nodes[normalized.node]
      guard norm.operation is BatchNormTraining, normalized.output == 0, readers.only(normalized) == rectifier,
        norm.types[0].dtype == .float32,
        let geometry = (graph.nodes[pool].operation as? MaxPool)?.geometry,
        geometry.everyWindowHasPixels(of: norm.types[0].shape, result: graph.nodes[pool].types[0].shape),
        let reader = readers.only(ValueID(gradient)), graph.nodes[reader].operation is BatchNormTrainingBackward
      else { return nil }
      let inputs = graph.nodes[reader].inputs
      let own = [
        norm.inputs[0], ValueID(gradient), norm.inputs[1], ValueID(normalized.node, 1), ValueID(normalized.node, 2),
      ]
      return inputs == own ? Norm(forward: normalized.node, backward: reader) : nil
    }
  }

  /// The ReLU's gradient of the pooled images, then spread.
  private static func spreadLast(_ merge: Merge, _ builder: inout Rebuilder) {
    let graph = builder.source
    let (spread, node) = (graph.nodes[merge.spread], graph.nodes[merge.gradient])
    guard var fused = node.operation as? FusedElementwise else { preconditionFailure("a ReLU's gradient is fused") }
    let type = graph.nodes[merge.pool].types[0]
    let zero = node.inputs[1]
    fused.program.inputTypes = [type, graph.type(of: zero), type]
    fused.shape = type.shape
    let passed = builder.append(
      fused, [ValueID(merge.pool), zero, spread.inputs[0]].map { builder.mapped($0) }, [type])
    let made = builder.append(spread.operation, [passed, builder.mapped(spread.inputs[1])], spread.types)
    builder.replace(ValueID(merge.gradient), by: made)
  }

  private static func forward(_ merge: Merge, _ norm: Merge.Norm, _ builder: inout Rebuilder) {
    let graph = builder.source
    let (node, pool) = (graph.nodes[norm.forward], graph.nodes[merge.pool])
    guard let operation = node.operation as? BatchNormTraining, let pooling = pool.operation as? MaxPool else {
      preconditionFailure("a merge knows its operations")
    }
    let made = builder.append(
      PooledBatchNorm(operation, pooling), node.inputs.map { builder.mapped($0) },
      pool.types + [pool.types[0]] + node.types.dropFirst())
    for (output, value) in [ValueID(merge.pool, 0), ValueID(merge.pool, 1)].enumerated() {
      builder.replace(value, by: ValueID(made.node, output))
    }
    // What the input is at the maxima takes the normalised images' place: only this pass asks for it.
    builder.replace(ValueID(norm.forward, 0), by: ValueID(made.node, 2))
    builder.replace(ValueID(norm.forward, 1), by: ValueID(made.node, 3))
    builder.replace(ValueID(norm.forward, 2), by: ValueID(made.node, 4))
  }

  private static func backward(_ merge: Merge, _ norm: Merge.Norm, _ builder: inout Rebuilder) {
    let graph = builder.source
    let (node, spread) = (graph.nodes[norm.backward], graph.nodes[merge.spread])
    guard let operation = node.operation as? BatchNormTrainingBackward,
      let spreading = spread.operation as? MaxPoolBackward
    else { preconditionFailure("a merge knows its operations") }
    let inputs =
      [node.inputs[0], spread.inputs[0]] + node.inputs[2...]
      + [graph.nodes[norm.forward].inputs[2], ValueID(merge.pool, 1), ValueID(norm.forward, 0)]
    let made = builder.append(
      PooledBatchNormBackward(operation, spreading), inputs.map { builder.mapped($0) }, node.types)
    for output in node.types.indices { builder.replace(ValueID(norm.backward, output), by: ValueID(made.node, output)) }
  }
}
