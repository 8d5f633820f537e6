/// The hyperbolic tangent, `(exp(2x) - 1) / (exp(2x) + 1)`. Range (-1, 1); the derivative is 1 - y^2. Without overflow, at
/// most 1 ulp. As PyTorch's `tanh`.
public func tanh(_ x: Tensor) -> Tensor { Tensor.record(Unary(.hyperbolicTangent), [x]) }

/// x limited to a range, -1 to 1 by default. The derivative is 1 inside the range and 0 outside and at its bounds. Exact.
/// As PyTorch's `hardtanh`. Reference: Natural language processing (almost) from scratch; Collobert et al.; 2011.
public func hardTanh(_ x: Tensor, _ range: ClosedRange<Double> = -1...1) -> Tensor {
  let (low, high) = (constant(range.lowerBound, like: x), constant(range.upperBound, like: x))
  return choose(x .<= low, low, choose(x .>= high, high, x))
}

/// x - tanh(x). The derivative is tanh(x)^2. Near 0, where the value is about x^3 / 3, only the absolute error is small.
/// As PyTorch's `tanhshrink`.
public func tanhShrink(_ x: Tensor) -> Tensor { x - tanh(x) }
