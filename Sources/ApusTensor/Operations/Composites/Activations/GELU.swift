/// x P(Z <= x) for a standard normal Z: `x (1 + erf(x / sqrt(2))) / 2`. The derivative is P(Z <= x) + x p(x) with the
/// density p; the least value is about -0.17. As PyTorch's `gelu`, also with `approximate="tanh"`.
///
/// Reference: Gaussian error linear units; Hendrycks, Gimpel; 2016.
/// - Parameter usesTanh: whether to take the approximation `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
public func gelu(_ x: Tensor, usesTanh: Bool = false) -> Tensor {
  guard usesTanh else { return x * 0.5 * (erf(x * 0.5.squareRoot()) + 1) }
  let inner = (x + x * x * x * 0.044715) * (2 / Double.pi).squareRoot()
  return x * 0.5 * (tanh(inner) + 1)
}
