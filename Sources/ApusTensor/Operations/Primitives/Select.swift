/// Chooses element by element: `condition ? a : b`, with broadcasting.
package struct Select: Primitive {
  package init() {}

  package var name: String { "select" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype == .bool else { throw ShapeError("the condition must be bool, got \(inputs[0].dtype)") }
    guard inputs[1].dtype == inputs[2].dtype else {
      throw ShapeError("both choices must have one element type; convert one with cast(to:)")
    }
    guard let choices = inputs[1].shape.broadcast(with: inputs[2].shape),
      let shape = choices.broadcast(with: inputs[0].shape)
    else { throw ShapeError("the shapes do not broadcast together") }
    return [TensorType(shape, inputs[1].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let gradient = context.outputGradient
    let zero = Tensor.scalar(0, dtype: gradient.dtype)
    let condition = context.inputs[0]
    return [
      nil,
      context.needs[1] ? Tensor.record(Select(), [condition, gradient, zero]) : nil,
      context.needs[2] ? Tensor.record(Select(), [condition, zero, gradient]) : nil,
    ]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let shape = outputs[0].shape
    let size = outputs[0].dtype.byteCount
    let offsets = inputs.map { input in
      var list = [Int](repeating: 0, count: shape.elementCount)
      StridedCopy.forEachOffset(shape: shape, strides: input.shape.broadcastStrides(to: shape), offset: 0) {
        list[$0] = $1
      }
      return list
    }
    let condition = inputs[0].pointer.assumingMemoryBound(to: UInt8.self)
    for position in 0..<shape.elementCount {
      let choice = condition[offsets[0][position]] != 0 ? 1 : 2
      (outputs[0].pointer + position * size).copyMemory(
        from: inputs[choice].pointer + offsets[choice][position] * size, byteCount: size)
    }
  }
}

extension Tensor {
  /// Elements of this tensor where `condition` holds, elements of `other` elsewhere; all three broadcast.
  public func selected(where condition: Tensor, otherwise other: Tensor) -> Tensor {
    Tensor.record(Select(), [condition, self, other])
  }
}
