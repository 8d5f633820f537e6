/// x where it is positive, `alpha (exp(x) - 1)` elsewhere. Range (-alpha, inf); the derivative is 1 where x > 0 and
/// `alpha exp(x)` elsewhere. Accurate near 0 (expm1), without overflow; -inf gives -alpha. As PyTorch's `elu`.
///
/// Reference: Fast and accurate deep network learning by exponential linear units; Clevert, Unterthiner, Hochreiter; 2016.
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor {
  let isPositive = x .> 0
  // The other branch never sees a large number, so that its derivative stays finite.
  let safe = choose(isPositive, constant(0, like: x), x)
  return choose(isPositive, x, expm1(safe) * alpha)
}

/// x where it is positive, `alpha (exp(x / alpha) - 1)` elsewhere: ``elu(_:alpha:)`` with a derivative that is continuous
/// at 0 for every alpha, `exp(x / alpha)` below it. As PyTorch's `celu`.
///
/// Reference: Continuously differentiable exponential linear units; Barron; 2017.
public func celu(_ x: Tensor, alpha: Double = 1) -> Tensor {
  let isPositive = x .> 0
  let safe = choose(isPositive, constant(0, like: x), x)
  return choose(isPositive, x, expm1(safe / alpha) * alpha)
}

/// `scale elu(x, alpha)` with the constants alpha = 1.6733 and scale = 1.0507, under which layers of many units with
/// LeCun's initial weights keep mean 0 and variance 1. As PyTorch's `selu`.
///
/// Reference: Self-normalizing neural networks; Klambauer, Unterthiner, Mayr, Hochreiter; 2017.
public func selu(_ x: Tensor) -> Tensor { elu(x, alpha: 1.6732632423543772) * 1.0507009873554805 }
