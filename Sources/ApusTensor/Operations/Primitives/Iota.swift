/// Counts 0, 1, 2, ... along one axis and repeats that along the others.
package struct Iota: Primitive {
  package var shape: Shape
  package var axis: Int
  package var dtype: DType

  package init(shape: Shape, axis: Int, dtype: DType) {
    self.shape = shape
    self.axis = axis
    self.dtype = dtype
  }

  package var name: String { "iota" }

  package func encode(into key: inout PlanKey) {
    key.add(shape)
    key.add(axis)
    key.add(Int(dtype.rawValue))
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard axis >= 0, axis < shape.rank else { throw ShapeError("\(shape) has no axis \(axis)") }
    guard dtype != .bool else { throw ShapeError("counting needs a number type") }
    return [TensorType(shape, dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let inner = shape.dropFirst(axis + 1).reduce(1, *)
    outputs[0].store((0..<shape.elementCount).map { Int64($0 / inner % shape[axis]) })
  }
}
