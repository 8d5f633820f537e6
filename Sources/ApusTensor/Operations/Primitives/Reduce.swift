/// Ways of folding elements into one.
package enum Reduction: UInt8, Sendable, CaseIterable {
  case sum, maximum, minimum, product

  /// The name used in dumps.
  package var name: String {
    switch self {
    case .sum: "sum"
    case .maximum: "max"
    case .minimum: "min"
    case .product: "prod"
    }
  }
}

/// Folds elements along axes, which the result keeps with extent 1.
///
/// The reference sums in double precision. The gradient of `max` and `min` is shared equally among ties, as PyTorch's
/// `amax` does.
package struct Reduce: Primitive {
  package var reduction: Reduction
  package var axes: [Int]

  package init(_ reduction: Reduction, axes: [Int]) {
    self.reduction = reduction
    self.axes = axes
  }

  package var name: String { "reduce_" + reduction.name }

  package func encode(into key: inout PlanKey) {
    key.add(Int(reduction.rawValue))
    key.add(axes)
  }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let type = inputs[0]
    guard type.dtype != .bool else { throw ShapeError("is not defined for bool; convert with cast(to:)") }
    if reduction == .maximum || reduction == .minimum, axes.contains(where: { type.shape[$0] == 0 }) {
      throw ShapeError("an axis of extent 0 has no \(reduction.name)")
    }
    return [TensorType(type.shape.keeping(axes: axes), type.dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (x, y, g) = (context.inputs[0], context.outputs[0], context.outputGradient)
    switch reduction {
    case .sum: return [g.broadcast(to: x.shape)]
    case .maximum, .minimum:
      let mask = (x .== y).cast(to: g.dtype)
      return [mask * (g / Tensor.record(Reduce(.sum, axes: axes), [mask]))]
    case .product:
      // Exact when no factor is zero; with one zero only that factor has a gradient, with two none has.
      let one = Tensor.scalar(1, dtype: g.dtype)
      let zero = Tensor.scalar(0, dtype: g.dtype)
      let isZero = x .== zero
      let zeros = Tensor.record(Reduce(.sum, axes: axes), [isZero.cast(to: g.dtype)])
      let others = Tensor.record(Select(), [isZero, one, x])
      let product = Tensor.record(Reduce(.product, axes: axes), [others])
      let atZero = Tensor.record(Select(), [(zeros .== one), product, zero])
      let elsewhere = Tensor.record(Select(), [zeros .== zero, product / others, zero])
      return [g * Tensor.record(Select(), [isZero, atZero, elsewhere])]
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let shape = inputs[0].shape
    var strides = outputs[0].shape.rowMajorStrides
    for axis in axes { strides[axis] = 0 }
    if inputs[0].dtype.isInteger {
      let source = inputs[0].integers()
      var result = [Int64](repeating: start(Int64.min, Int64.max, 0, 1), count: outputs[0].count)
      StridedCopy.forEachOffset(shape: shape, strides: strides, offset: 0) { position, target in
        result[target] = fold(result[target], source[position], { $0 &+ $1 }, { $0 &* $1 }, max, min)
      }
      outputs[0].store(result)
    } else {
      let source = inputs[0].doubles()
      var result = [Double](repeating: start(-Double.infinity, .infinity, 0, 1), count: outputs[0].count)
      StridedCopy.forEachOffset(shape: shape, strides: strides, offset: 0) { position, target in
        result[target] = fold(
          result[target], source[position], { $0 + $1 }, { $0 * $1 }, { BinaryFunction.maximum($0, $1) },
          { BinaryFunction.minimum($0, $1) })
      }
      outputs[0].store(result)
    }
  }

  private func start<T>(_ lowest: T, _ highest: T, _ zero: T, _ one: T) -> T {
    switch reduction {
    case .sum: zero
    case .product: one
    case .maximum: lowest
    case .minimum: highest
    }
  }

  private func fold<T>(
    _ a: T, _ b: T, _ add: (T, T) -> T, _ multiply: (T, T) -> T, _ max: (T, T) -> T, _ min: (T, T) -> T
  ) -> T {
    switch reduction {
    case .sum: add(a, b)
    case .product: multiply(a, b)
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    }
  }
}
