/// Reorders the axes: axis `i` of the result is axis `permutation[i]` of the input.
package struct Transpose: Primitive {
  package var permutation: [Int]

  package init(permutation: [Int]) { self.permutation = permutation }

  package var name: String { "transpose" }

  package func encode(into key: inout PlanKey) { key.add(permutation) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let shape = inputs[0].shape
    guard permutation.sorted() == Array(0..<shape.rank) else {
      throw ShapeError("\(permutation) is not an order of the \(shape.rank) axes of \(shape)")
    }
    return [TensorType(Shape(permutation.map { shape[$0] }), inputs[0].dtype)]
  }

  /// The order that undoes this one.
  package var inverse: [Int] {
    var inverse = permutation
    for (position, axis) in permutation.enumerated() { inverse[axis] = position }
    return inverse
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [context.outputGradient.transposed(permutation: inverse)]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let strides = inputs[0].shape.rowMajorStrides
    StridedCopy.run(from: inputs[0], strides: permutation.map { strides[$0] }, offset: 0, to: outputs[0])
  }
}

extension Tensor {
  /// The tensor with its axes in another order: axis `i` of the result is axis `permutation[i]` of this tensor.
  public func transposed(permutation: [Int]) -> Tensor {
    permutation == Array(0..<rank) ? self : Tensor.record(Transpose(permutation: permutation), [self])
  }

  /// The tensor with its last two axes exchanged: the matrix transpose.
  public func transposed() -> Tensor {
    guard rank >= 2 else {
      return Diagnostics.fail(ShapeError("transposed() needs at least two axes, got \(shape)"), like: type)
    }
    return transposed(permutation: Array(0..<(rank - 2)) + [rank - 1, rank - 2])
  }
}
