/// Converts elements to another type: to integers truncating toward zero and saturating, to `bool` as `x != 0`.
package struct Cast: Primitive {
  package var dtype: DType

  package init(dtype: DType) { self.dtype = dtype }

  package var name: String { "cast" }

  package func encode(into key: inout PlanKey) { key.add(Int(dtype.rawValue)) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType(inputs[0].shape, dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let source = context.inputs[0].dtype
    return [source.isFloatingPoint ? context.outputGradient.cast(to: source) : nil]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    if inputs[0].dtype == .int64, dtype.isInteger {
      outputs[0].store(inputs[0].integers())
    } else {
      outputs[0].store(inputs[0].doubles())
    }
  }
}

extension Tensor {
  /// The tensor with its elements converted to another type.
  public func cast(to dtype: DType) -> Tensor {
    dtype == self.dtype ? self : Tensor.record(Cast(dtype: dtype), [self])
  }
}
