/// Takes single elements by positions along one axis, as PyTorch's `gather`:
/// `result[i][j][k] = x[i][indices[i][j][k]][k]` for axis 1.
///
/// Inputs `x` and `indices` (i32 or i64) of the same rank; along every other axis `indices` has at most the extent of
/// `x`. Negative positions are an error.
package struct GatherElements: Primitive {
  package var axis: Int

  package init(axis: Int) { self.axis = axis }

  package var name: String { "gather_elements" }

  package func encode(into key: inout PlanKey) { key.add(axis) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try Self.check(inputs[0].shape, inputs[1], axis)
    return [TensorType(inputs[1].shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let back = ScatterAddElements(axis: axis, shape: context.inputs[0].shape)
    return [Tensor.record(back, [context.outputGradient, context.inputs[1]]), nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let size = inputs[0].dtype.byteCount
    Self.forEachElement(inputs[1], inputs[0].shape, axis, name) { position, source in
      (outputs[0].pointer + position * size).copyMemory(from: inputs[0].pointer + source * size, byteCount: size)
    }
  }

  fileprivate static func check(_ shape: Shape, _ indices: TensorType, _ axis: Int) throws(ShapeError) {
    try IndexCheck.type(indices)
    guard axis >= 0, axis < shape.rank else { throw ShapeError("\(shape) has no axis \(axis)") }
    guard indices.shape.rank == shape.rank,
      shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= shape[$0] })
    else {
      throw ShapeError("the positions \(indices.shape) must have the rank of \(shape) and fit all axes but \(axis)")
    }
  }

  /// Visits every position of the index tensor with the offset of the element of the larger tensor it names.
  fileprivate static func forEachElement(
    _ indices: HostView, _ shape: Shape, _ axis: Int, _ operation: String, _ body: (Int, Int) -> Void
  ) {
    let values = IndexCheck.values(indices, below: shape[axis], operation)
    var strides = shape.rowMajorStrides
    let step = strides[axis]
    strides[axis] = 0
    StridedCopy.forEachOffset(shape: indices.shape, strides: strides, offset: 0) { position, offset in
      body(position, offset + values[position] * step)
    }
  }
}

/// Adds single elements into a tensor of zeros of the given shape by positions along one axis: the gradient of
/// ``GatherElements``. Inputs `updates` and `indices` of one shape.
package struct ScatterAddElements: Primitive {
  package var axis: Int
  package var shape: Shape

  package init(axis: Int, shape: Shape) {
    self.axis = axis
    self.shape = shape
  }

  package var name: String { "scatter_add_elements" }

  package func encode(into key: inout PlanKey) {
    key.add(axis)
    key.add(shape)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try GatherElements.check(shape, inputs[1], axis)
    guard inputs[0].shape == inputs[1].shape else { throw ShapeError("updates and positions must have one shape") }
    guard inputs[0].dtype != .bool else { throw ShapeError("truth values cannot be added; convert with cast(to:)") }
    return [TensorType(shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(GatherElements(axis: axis), [context.outputGradient, context.inputs[1]]), nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    if inputs[0].dtype.isInteger {
      let updates = inputs[0].integers()
      var result = [Int64](repeating: 0, count: outputs[0].count)
      GatherElements.forEachElement(inputs[1], shape, axis, name) { result[$1] &+= updates[$0] }
      outputs[0].store(result)
    } else {
      let updates = inputs[0].doubles()
      var result = [Double](repeating: 0, count: outputs[0].count)
      GatherElements.forEachElement(inputs[1], shape, axis, name) { result[$1] += updates[$0] }
      outputs[0].store(result)
    }
  }
}
