/// The value of a function at `x` and its Jacobian-vector product `J v`: how the value changes when `x` moves along `v`.
///
///     (J v)[i] = sum over j of d value[i] / d x[j] * v[j]
///
/// Taken as the gradient, with respect to `u`, of the vector-Jacobian product `u^T J` times `v`: that product is linear
/// in `u`, so its gradient does not depend on `u` (Townsend, "A new trick for calculating Jacobian vector products",
/// 2017). Exact to rounding, for every operation that has a second derivative here; may be differentiated again.
///
/// ```swift
/// let (y, change) = jacobianVectorProduct(at: x, along: v) { sin($0) }      // change = cos(x) v
/// // The product of the Hessian of a scalar function with a vector:
/// let (slope, curvature) = jacobianVectorProduct(at: x, along: v) { gradient(at: $0, of: f) }
/// ```
/// - Parameters:
///   - x: where.
///   - v: the direction, of x's shape and type.
///   - body: the function; its result may have any shape.
/// - Precondition: `v` has the type of `x`, and the function's result is floating-point.
public func jacobianVectorProduct(
  at x: Tensor, along v: Tensor, of body: (Tensor) -> Tensor
) -> (value: Tensor, product: Tensor) {
  jacobianVectorProduct(at: [x], along: [v]) { body($0[0]) }
}

/// The value of a function of several tensors and its Jacobian-vector product: the sum of each argument's part; see
/// ``jacobianVectorProduct(at:along:of:)-(Tensor,_,_)``.
public func jacobianVectorProduct(
  at xs: [Tensor], along vs: [Tensor], of body: ([Tensor]) -> Tensor
) -> (value: Tensor, product: Tensor) {
  guard xs.map(\.type) == vs.map(\.type) else {
    let (types, given) = ("\(xs.map(\.type))", "\(vs.map(\.type))")
    let problem = "jacobianVectorProduct: the directions are \(given), they must be \(types) as what they move"
    return (xs[0], Diagnostics.fail(ShapeError(problem), like: xs[0].type))
  }
  return GradientScope.$isActive.withValue(true) {
    let variables = xs.map { $0.asVariable() }
    let value = body(variables)
    let weights = Tensor(repeating: 0, shape: value.shape, dtype: value.dtype).asVariable()
    let pulled = ReverseMode.gradients(of: [value], seeds: [weights], with: variables)
    var results: [Tensor] = []
    var seeds: [Tensor] = []
    for (gradient, v) in zip(pulled, vs) {
      guard let gradient else { continue }
      results.append(gradient)
      seeds.append(v)
    }
    let product = ReverseMode.gradients(of: results, seeds: seeds, with: [weights])[0]
    return (value, product ?? Tensor(repeating: 0, shape: value.shape, dtype: value.dtype))
  }
}
