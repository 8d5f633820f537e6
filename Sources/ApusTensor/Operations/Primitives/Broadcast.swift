/// Repeats a tensor along axes of extent 1 and along new outer axes.
///
/// Gradient: the engine sums contributions down to the shape of the input, so the rule passes them on.
package struct Broadcast: Primitive {
  package var shape: Shape

  package init(shape: Shape) { self.shape = shape }

  package var name: String { "broadcast" }

  package func encode(into key: inout PlanKey) { key.add(shape) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].shape.broadcast(with: shape) == shape else {
      throw ShapeError("shape \(inputs[0].shape) does not broadcast to \(shape); every axis must be equal or 1")
    }
    return [TensorType(shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [context.outputGradient] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    StridedCopy.run(
      from: inputs[0], strides: inputs[0].shape.broadcastStrides(to: shape), offset: 0, to: outputs[0])
  }
}

/// Reference movement of elements: gathers a row-major output from arbitrary strides of the input.
package enum StridedCopy {
  /// Fills `output` so that element `i` is the input's element at `offset + i . strides`.
  package static func run(from input: HostView, strides: [Int], offset: Int, to output: HostView) {
    let size = input.dtype.byteCount
    forEachOffset(shape: output.shape, strides: strides, offset: offset) { position, source in
      (output.pointer + position * size).copyMemory(from: input.pointer + source * size, byteCount: size)
    }
  }

  /// Visits the positions of a row-major tensor together with the matching strided offset.
  package static func forEachOffset(
    shape: Shape, strides: [Int], offset: Int, _ body: (_ position: Int, _ offset: Int) -> Void
  ) {
    let count = shape.elementCount
    guard count > 0 else { return }
    var index = [Int](repeating: 0, count: shape.rank)
    var source = offset
    for position in 0..<count {
      body(position, source)
      var axis = shape.rank - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < shape[axis] { break }
        source -= strides[axis] * index[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
