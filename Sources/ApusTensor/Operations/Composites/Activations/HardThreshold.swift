/// 1 where x >= `beta`, 0 elsewhere: the neuron that fires or not. The derivative is 0 everywhere, so nothing before it
/// learns by gradients. Exact; NaN gives 0. PyTorch: `heaviside(x - beta, 1)`.
///
/// - Parameter isStrict: whether 1 is given only where x > `beta`; lecture notes write it both ways.
///
/// Reference: A logical calculus of the ideas immanent in nervous activity; McCulloch, Pitts; 1943.
public func hardThreshold(_ x: Tensor, beta: Double = 0, isStrict: Bool = false) -> Tensor {
  (isStrict ? x .> beta : x .>= beta).cast(to: x.dtype)
}

/// x where it exceeds `limit`, `value` elsewhere. The derivative is 1 where x > `limit` and 0 elsewhere. Exact. As
/// PyTorch's `threshold`.
public func threshold(_ x: Tensor, limit: Double, value: Double) -> Tensor {
  choose(x .<= limit, constant(value, like: x), x)
}
