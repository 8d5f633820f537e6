/// Joins any number of tensors along an axis; all other extents are equal.
package struct Concatenate: Primitive {
  package var axis: Int

  package init(axis: Int) { self.axis = axis }

  package var name: String { "concatenate" }

  package func encode(into key: inout PlanKey) { key.add(axis) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard var type = inputs.first else { throw ShapeError("there is nothing to join") }
    guard axis >= 0, axis < type.shape.rank else { throw ShapeError("\(type.shape) has no axis \(axis)") }
    for other in inputs.dropFirst() {
      guard other.dtype == type.dtype else { throw ShapeError("all element types must be equal; use cast(to:)") }
      guard other.shape.rank == type.shape.rank,
        type.shape.indices.allSatisfy({ $0 == axis || other.shape[$0] == type.shape[$0] })
      else { throw ShapeError("all extents but that of axis \(axis) must be equal") }
      type.shape[axis] += other.shape[axis]
    }
    return [type]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let gradient = context.outputGradient
    var start = 0
    return zip(context.inputs, context.needs).map { input, needed in
      var starts = [Int](repeating: 0, count: input.rank)
      starts[axis] = start
      start += input.shape[axis]
      let slice = Slice(starts: starts, counts: Array(input.shape), steps: Array(repeating: 1, count: input.rank))
      return needed ? Tensor.record(slice, [gradient]) : nil
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let shape = outputs[0].shape
    let size = outputs[0].dtype.byteCount
    let outer = shape.prefix(axis).reduce(1, *)
    let inner = shape.dropFirst(axis + 1).reduce(size, *)
    var start = 0
    for input in inputs {
      let bytes = input.shape[axis] * inner
      for row in 0..<outer {
        (outputs[0].pointer + (row * shape[axis] + start) * inner)
          .copyMemory(from: input.pointer + row * bytes, byteCount: bytes)
      }
      start += input.shape[axis]
    }
  }
}
