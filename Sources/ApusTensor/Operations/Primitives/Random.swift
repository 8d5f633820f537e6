/// Distributions that random numbers are drawn from.
package enum RandomKind: UInt8, Sendable, CaseIterable {
  /// Uniform in [0, 1).
  case uniform
  /// Normal with mean 0 and standard deviation 1.
  case normal
}

/// Random numbers keyed by data: the only input is an i64 tensor `[seed, step]`.
///
/// Element `i` depends only on (seed, step, stream, i): Philox with the seed as its key and
/// `RandomStream.identifier(step:stream:)` as its stream. A new seed or step is new data, never a new plan.
package struct Random: Primitive {
  package var kind: RandomKind
  package var shape: Shape
  package var dtype: DType
  package var stream: Int

  package init(kind: RandomKind, shape: Shape, dtype: DType, stream: Int) {
    self.kind = kind
    self.shape = shape
    self.dtype = dtype
    self.stream = stream
  }

  package var name: String { kind == .uniform ? "random_uniform" : "random_normal" }

  package func encode(into key: inout PlanKey) {
    key.add(Int(kind.rawValue))
    key.add(shape)
    key.add(Int(dtype.rawValue))
    key.add(stream)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0] == TensorType([2], .int64) else { throw ShapeError("the key must be i64[2]: seed and step") }
    guard dtype.isFloatingPoint else { throw ShapeError("random numbers are f32 or f64, not \(dtype)") }
    return [TensorType(shape, dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { [nil] }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let key = inputs[0].integers()
    let philox = Philox(
      seed: UInt64(bitPattern: key[0]), stream: RandomStream.identifier(step: key[1], stream: stream))
    let double = dtype == .float64
    switch kind {
    case .uniform: outputs[0].store(philox.uniform(shape.elementCount, double: double))
    case .normal: outputs[0].store(philox.normal(shape.elementCount, double: double))
    }
  }
}
