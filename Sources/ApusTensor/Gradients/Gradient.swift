/// Whether a gradient is being taken: computed nodes then keep their inputs.
package enum GradientScope {
  @TaskLocal package static var isActive = false
}

/// Whether the body of a loop or of a checkpointed function is being recorded: it stands for computations that are
/// recorded elsewhere, so that no gradient can be taken at a variable made inside.
package enum BodyScope {
  @TaskLocal package static var isActive = false
}

extension Tensor {
  /// A stand-in for the tensor that a gradient can be taken at, apart from every other use of the same value.
  package func asVariable() -> Tensor { Tensor.record(Variable(), [self]) }

  /// Whether the tensor has been computed.
  package var isRealized: Bool { node.hasValues }
}

extension Tensor {
  /// The tensor summed down to a shape it was broadcast from.
  func summed(to target: Shape) -> Tensor {
    guard shape != target else { return self }
    let leading = rank - target.rank
    var axes = Array(0..<Swift.max(leading, 0))
    for axis in 0..<target.rank where leading + axis >= 0 && target[axis] == 1 && shape[leading + axis] != 1 {
      axes.append(leading + axis)
    }
    let summed = axes.isEmpty ? self : Tensor.record(Reduce(.sum, axes: axes), [self])
    if summed.shape == target { return summed }
    // The rule gave a gradient of a smaller shape (a constant): repeat it.
    return leading < 0 || summed.count != target.elementCount
      ? summed.broadcast(to: target) : summed.reshaped(to: target)
  }
}

/// The value of a scalar function and its gradient.
///
/// ```swift
/// let (y, dy) = valueWithGradient(at: x) { x in (x * x).sum() }   // dy = 2 x
/// ```
/// - Precondition: `body` returns a tensor with one element.
public func valueWithGradient(at x: Tensor, of body: (Tensor) -> Tensor) -> (value: Tensor, gradient: Tensor) {
  let (value, gradients) = valueWithGradient(at: [x]) { body($0[0]) }
  return (value, gradients[0])
}

/// The value of a scalar function of several tensors and its gradients.
public func valueWithGradient(at xs: [Tensor], of body: ([Tensor]) -> Tensor) -> (value: Tensor, gradients: [Tensor]) {
  GradientScope.$isActive.withValue(true) {
    let variables = xs.map { Tensor.record(Variable(), [$0]) }
    let value = body(variables)
    let seed = scalarSeed(of: value)
    let found = ReverseMode.gradients(of: [value], seeds: [seed], with: variables)
    return (
      value, zip(xs, found).map { x, gradient in gradient ?? Tensor(repeating: 0, shape: x.shape, dtype: x.dtype) }
    )
  }
}

/// The gradient of a scalar function.
public func gradient(at x: Tensor, of body: (Tensor) -> Tensor) -> Tensor {
  valueWithGradient(at: x, of: body).gradient
}

/// The gradients of a scalar function of several tensors.
public func gradient(at xs: [Tensor], of body: ([Tensor]) -> Tensor) -> [Tensor] {
  valueWithGradient(at: xs, of: body).gradients
}

/// The value of a function and its pullback: the map from a vector `v` to `v^T J`, the vector-Jacobian product.
///
/// The pullback may be called several times, and its results can be differentiated again.
public func vectorJacobianProduct(
  at x: Tensor, of body: (Tensor) -> Tensor
) -> (value: Tensor, pullback: (Tensor) -> Tensor) {
  let (value, variable) = GradientScope.$isActive.withValue(true) {
    let variable = Tensor.record(Variable(), [x])
    return (body(variable), variable)
  }
  return (
    value,
    { seed in
      precondition(seed.shape == value.shape, "the vector has shape \(seed.shape), the value \(value.shape)")
      let found = ReverseMode.gradients(of: [value], seeds: [seed], with: [variable])[0]
      return found ?? Tensor(repeating: 0, shape: x.shape, dtype: x.dtype)
    }
  )
}

/// The gradient 1 a scalar result starts the reverse walk with.
package func scalarSeed(of value: Tensor) -> Tensor {
  guard value.count == 1, value.dtype.isFloatingPoint else {
    return Diagnostics.fail(
      ShapeError("a gradient needs a result of one floating-point element, got \(value.type); sum it first"),
      like: value.type)
  }
  return Tensor(repeating: 1, shape: value.shape, dtype: value.dtype)
}
