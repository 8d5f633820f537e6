/// Takes elements at regular distances along every axis: element `i` of the result is element `start + i * step`.
///
/// A negative step walks backwards, so that `start` is the last element of the input that is taken.
package struct Slice: Primitive {
  package var starts: [Int]
  package var counts: [Int]
  package var steps: [Int]

  package init(starts: [Int], counts: [Int], steps: [Int]) {
    self.starts = starts
    self.counts = counts
    self.steps = steps
  }

  package var name: String { "slice" }

  package func encode(into key: inout PlanKey) {
    key.add(starts)
    key.add(counts)
    key.add(steps)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try Self.check(inputs[0].shape, starts, counts, steps)
    return [TensorType(Shape(counts), inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let back = Unslice(shape: context.inputs[0].shape, starts: starts, steps: steps)
    return [Tensor.record(back, [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (strides, offset) = Self.strides(inputs[0].shape, starts, steps)
    StridedCopy.run(from: inputs[0], strides: strides, offset: offset, to: outputs[0])
  }

  /// Strides and offset in elements of the larger tensor.
  package static func strides(_ shape: Shape, _ starts: [Int], _ steps: [Int]) -> (strides: [Int], offset: Int) {
    let strides = shape.rowMajorStrides
    return (zip(strides, steps).map(*), zip(strides, starts).reduce(0) { $0 + $1.0 * $1.1 })
  }

  fileprivate static func check(
    _ shape: Shape, _ starts: [Int], _ counts: [Int], _ steps: [Int]
  ) throws(ShapeError) {
    guard starts.count == shape.rank, counts.count == shape.rank, steps.count == shape.rank else {
      throw ShapeError("needs one start, count and step for each axis of \(shape), got \(starts), \(counts), \(steps)")
    }
    for axis in 0..<shape.rank {
      guard steps[axis] != 0, counts[axis] >= 0 else {
        throw ShapeError("axis \(axis) has step \(steps[axis]) and count \(counts[axis])")
      }
      let last = starts[axis] + (counts[axis] - 1) * steps[axis]
      if counts[axis] > 0, min(starts[axis], last) < 0 || max(starts[axis], last) >= shape[axis] {
        throw ShapeError("takes elements \(starts[axis]) to \(last) of axis \(axis), which has \(shape[axis])")
      }
    }
  }
}

/// The reverse of ``Slice``: a tensor of zeros with the input's elements at regular distances along every axis.
package struct Unslice: Primitive {
  package var shape: Shape
  package var starts: [Int]
  package var steps: [Int]

  package init(shape: Shape, starts: [Int], steps: [Int]) {
    self.shape = shape
    self.starts = starts
    self.steps = steps
  }

  package var name: String { "unslice" }

  package func encode(into key: inout PlanKey) {
    key.add(shape)
    key.add(starts)
    key.add(steps)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try Slice.check(shape, starts, Array(inputs[0].shape), steps)
    return [TensorType(shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let slice = Slice(starts: starts, counts: Array(context.inputs[0].shape), steps: steps)
    return [Tensor.record(slice, [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let size = inputs[0].dtype.byteCount
    outputs[0].pointer.initializeMemory(as: UInt8.self, repeating: 0, count: outputs[0].type.byteCount)
    let (strides, offset) = Slice.strides(shape, starts, steps)
    StridedCopy.forEachOffset(shape: inputs[0].shape, strides: strides, offset: offset) { position, target in
      (outputs[0].pointer + target * size).copyMemory(from: inputs[0].pointer + position * size, byteCount: size)
    }
  }
}
