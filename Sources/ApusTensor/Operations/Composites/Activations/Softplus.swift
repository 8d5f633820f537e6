/// log(1 + exp(beta x)) / beta, a smooth relu. Range (0, inf); the derivative is sigmoid(beta x). x itself where beta x
/// exceeds `threshold`, so that nothing overflows; -inf gives 0. As PyTorch's `softplus`.
///
/// Reference: Incorporating second-order functional knowledge for better option pricing; Dugas et al.; 2001.
public func softplus(_ x: Tensor, beta: Double = 1, threshold: Double = 20) -> Tensor {
  let scaled = beta == 1 ? x : x * beta
  let isLinear = scaled .> threshold
  // The other branch never sees a large number, so that its derivative stays finite.
  let safe = choose(isLinear, constant(0, like: x), scaled)
  let smooth = log1p(exp(safe))
  return choose(isLinear, x, beta == 1 ? smooth : smooth / beta)
}

/// x tanh(softplus(x)). The least value is about -0.309. As PyTorch's `mish`.
///
/// Reference: Mish: a self regularized non-monotonic activation function; Misra; 2019.
public func mish(_ x: Tensor) -> Tensor { x * tanh(softplus(x)) }
