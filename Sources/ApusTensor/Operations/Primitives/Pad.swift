/// Surrounds a tensor with a constant: `low[a]` elements before and `high[a]` after it along axis `a`.
package struct Pad: Primitive {
  package var low: [Int]
  package var high: [Int]
  package var value: Double

  package init(low: [Int], high: [Int], value: Double) {
    self.low = low
    self.high = high
    self.value = value
  }

  package var name: String { "pad" }

  package func encode(into key: inout PlanKey) {
    key.add(low)
    key.add(high)
    key.add(value)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    var shape = inputs[0].shape
    guard low.count == shape.rank, high.count == shape.rank else {
      throw ShapeError("needs one number before and after for each axis of \(shape), got \(low) and \(high)")
    }
    guard (low + high).allSatisfy({ $0 >= 0 }) else {
      throw ShapeError("padding must not be negative, got \(low) and \(high); slice to make a tensor smaller")
    }
    for axis in 0..<shape.rank { shape[axis] += low[axis] + high[axis] }
    return [TensorType(shape, inputs[0].dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let shape = context.inputs[0].shape
    let slice = Slice(starts: low, counts: Array(shape), steps: Array(repeating: 1, count: shape.rank))
    return [Tensor.record(slice, [context.outputGradient])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    outputs[0].store([Double](repeating: value, count: outputs[0].count))
    let size = inputs[0].dtype.byteCount
    let steps = [Int](repeating: 1, count: low.count)
    let (strides, offset) = Slice.strides(outputs[0].shape, low, steps)
    StridedCopy.forEachOffset(shape: inputs[0].shape, strides: strides, offset: offset) { position, target in
      (outputs[0].pointer + target * size).copyMemory(from: inputs[0].pointer + position * size, byteCount: size)
    }
  }
}
