/// Takes whole slices of a tensor by integer positions along one axis, as NumPy's `take`.
///
/// Inputs `x` and `indices` (i32 or i64, any rank); the result has `x`'s shape with `axis` replaced by the shape of
/// `indices`. Positions count from 0; negative ones are an error, not a count from the end.
package struct Gather: Primitive {
  package var axis: Int

  package init(axis: Int) { self.axis = axis }

  package var name: String { "gather" }

  package func encode(into key: inout PlanKey) { key.add(axis) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (shape, indices) = (inputs[0].shape, inputs[1])
    try IndexCheck.type(indices)
    guard axis >= 0, axis < shape.rank else { throw ShapeError("\(shape) has no axis \(axis)") }
    guard shape.rank - 1 + indices.shape.rank <= Shape.maximumRank else {
      throw ShapeError("the result would have more than \(Shape.maximumRank) axes")
    }
    let extents = Array(shape.prefix(axis)) + Array(indices.shape) + Array(shape.dropFirst(axis + 1))
    return [TensorType(Shape(extents), inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let back = ScatterAdd(axis: axis, extent: context.inputs[0].shape[axis])
    return [Tensor.record(back, [context.outputGradient, context.inputs[1]]), nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let shape = inputs[0].shape
    let outer = shape.prefix(axis).reduce(1, *)
    let inner = shape.dropFirst(axis + 1).reduce(inputs[0].dtype.byteCount, *)
    let indices = IndexCheck.values(inputs[1], below: shape[axis], name)
    for row in 0..<outer {
      for (position, index) in indices.enumerated() {
        (outputs[0].pointer + (row * indices.count + position) * inner)
          .copyMemory(from: inputs[0].pointer + (row * shape[axis] + index) * inner, byteCount: inner)
      }
    }
  }
}

/// Adds slices into a tensor of zeros with `extent` positions along `axis`: the gradient of ``Gather``.
///
/// Inputs `updates` (shaped like the result of `Gather`) and `indices`. Positions that occur several times add up, in
/// their order.
package struct ScatterAdd: Primitive {
  package var axis: Int
  package var extent: Int

  package init(axis: Int, extent: Int) {
    self.axis = axis
    self.extent = extent
  }

  package var name: String { "scatter_add" }

  package func encode(into key: inout PlanKey) {
    key.add(axis)
    key.add(extent)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (shape, indices) = (inputs[0].shape, inputs[1])
    try IndexCheck.type(indices)
    guard inputs[0].dtype != .bool else { throw ShapeError("truth values cannot be added; convert with cast(to:)") }
    let end = axis + indices.shape.rank
    guard axis >= 0, extent >= 0, end <= shape.rank, Array(shape[axis..<end]) == Array(indices.shape) else {
      throw ShapeError("the axes of the updates from \(axis) on must be those of the indices, \(indices.shape)")
    }
    guard shape.rank - indices.shape.rank < Shape.maximumRank else {
      throw ShapeError("the result would have more than \(Shape.maximumRank) axes")
    }
    return [TensorType(Shape(Array(shape.prefix(axis)) + [extent] + Array(shape.dropFirst(end))), inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [Tensor.record(Gather(axis: axis), [context.outputGradient, context.inputs[1]]), nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let shape = outputs[0].shape
    let outer = shape.prefix(axis).reduce(1, *)
    let inner = shape.dropFirst(axis + 1).reduce(1, *)
    let indices = IndexCheck.values(inputs[1], below: extent, name)
    func add<T>(_ updates: [T], _ zero: T, _ plus: (T, T) -> T) -> [T] {
      var result = [T](repeating: zero, count: outputs[0].count)
      for row in 0..<outer {
        for (position, index) in indices.enumerated() {
          for column in 0..<inner {
            let target = (row * extent + index) * inner + column
            result[target] = plus(result[target], updates[(row * indices.count + position) * inner + column])
          }
        }
      }
      return result
    }
    if inputs[0].dtype.isInteger {
      outputs[0].store(add(inputs[0].integers(), 0, &+))
    } else {
      outputs[0].store(add(inputs[0].doubles(), 0, +))
    }
  }
}

/// What every operation with integer positions asks of them.
enum IndexCheck {
  /// Positions are i32 or i64.
  static func type(_ indices: TensorType) throws(ShapeError) {
    guard indices.dtype == .int32 || indices.dtype == .int64 else {
      throw ShapeError("positions must be i32 or i64, got \(indices.dtype); convert with cast(to: .int64)")
    }
  }

  /// The positions; traps on one outside `0..<extent`.
  static func values(_ indices: HostView, below extent: Int, _ operation: String) -> [Int] {
    indices.integers().map { index in
      guard index >= 0, index < extent else {
        fatalError(
          "\(operation): the index \(index) is outside 0..<\(extent); negative indices do not count from the end")
      }
      return Int(index)
    }
  }
}
