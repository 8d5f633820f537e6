/// For each of the integers `[N]` the position of the first one that equals it, i64 `[N]`.
///
/// `5 2 5 5 2` gives `0 1 0 0 1`. What belongs to equal integers can be summed there, in memory that grows with `N` alone.
package struct FirstPositions: Primitive {
  package init() {}

  package var name: String { "first_positions" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try IndexCheck.type(inputs[0])
    guard inputs[0].shape.rank == 1 else { throw ShapeError("the integers must be [N], got \(inputs[0].shape)") }
    return [TensorType(inputs[0].shape, .int64)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [nil] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    var first: [Int64: Int64] = [:]
    outputs[0].store(
      inputs[0].integers().enumerated().map { position, integer -> Int64 in
        let known = first[integer] ?? Int64(position)
        first[integer] = known
        return known
      })
  }
}

/// A tensor some of whose rows, the slices along its first axis, are replaced; of several replacements of one row the
/// first counts.
///
/// Inputs `x` `[V, ...]`, `rows` `[N, ...]` and `indices` `[N]`. Where the result takes `x`'s memory only the rows given
/// are written, so that the cost does not depend on `V`.
package struct ReplaceRows: Primitive {
  package init() {}

  package var name: String { "replace_rows" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (shape, rows, indices) = (inputs[0].shape, inputs[1], inputs[2])
    try IndexCheck.type(indices)
    guard shape.rank > 0, indices.shape.rank == 1, rows.dtype == inputs[0].dtype,
      Array(rows.shape) == [indices.shape[0]] + Array(shape.dropFirst())
    else {
      throw ShapeError("\(indices.shape) rows of \(inputs[0]) cannot become \(rows)")
    }
    return [inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (g, rows, indices) = (context.outputGradient, context.inputs[1], context.inputs[2])
    let first = Tensor.record(FirstPositions(), [indices])
    let counts = (first .== Tensor.arange(indices.count, dtype: .int64)).cast(to: rows.dtype)
    let factors = counts.reshaped(to: Shape([indices.count] + Array(repeating: 1, count: rows.rank - 1)))
    return [
      g.replacingRows(at: indices, with: Tensor.zeros(rows.shape, dtype: rows.dtype)),
      g.gathered(at: indices) * factors, nil,
    ]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let size = inputs[0].shape.dropFirst().reduce(inputs[0].dtype.byteCount, *)
    outputs[0].pointer.copyMemory(from: inputs[0].pointer, byteCount: inputs[0].type.byteCount)
    let indices = IndexCheck.values(inputs[2], below: inputs[0].shape[0], name)
    for (position, index) in indices.enumerated().reversed() {
      (outputs[0].pointer + index * size).copyMemory(from: inputs[1].pointer + position * size, byteCount: size)
    }
  }
}

extension Tensor {
  /// The tensor with the rows at `indices` `[N]` replaced by `rows`; of several for one row the first counts.
  package func replacingRows(at indices: Tensor, with rows: Tensor) -> Tensor {
    Tensor.record(ReplaceRows(), [self, rows, indices])
  }

  /// Rows that belong to the integers `indices` `[N]`: at the first of equal ones their sum, at the others 0.
  package func summedRows(at indices: Tensor) -> Tensor {
    let first = Tensor.record(FirstPositions(), [indices])
    return Tensor.record(ScatterAdd(axis: 0, extent: indices.count), [self, first])
  }
}
