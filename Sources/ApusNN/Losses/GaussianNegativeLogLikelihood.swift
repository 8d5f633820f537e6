import ApusTensor

/// The negative log-likelihood of numbers under normal distributions whose means and variances a network gives (Nix and
/// Weigend, 1994): `(log v + (target - mean)^2 / v) / 2` with `v = max(variance, epsilon)`.
///
/// Shapes: means and targets the same; variances that broadcast to it, such as `[N, 1]` for `[N, K]`. As PyTorch's
/// `gaussian_nll_loss`, also in that the gradient with respect to a variance below `epsilon` is that at `epsilon`.
/// Gradients: `(mean - target) / v` and `(1 / v - (target - mean)^2 / v^2) / 2`.
///
/// ```swift
/// let (mean, variance) = (output[0..., 0], softplus(output[0..., 1]))
/// let loss = gaussianNegativeLogLikelihood(mean, variance: variance, y)
/// ```
/// - Parameters:
///   - variance: positive numbers, for example a softplus of the network's outputs.
///   - isFull: whether the constant `log(2 pi) / 2` is added.
///   - epsilon: the smallest variance, for stability.
/// - Precondition: `epsilon` is positive.
public func gaussianNegativeLogLikelihood(
  _ mean: Tensor, variance: Tensor, _ target: Tensor, isFull: Bool = false, epsilon: Double = 1e-6,
  reduction: LossReduction = .mean
) -> Tensor {
  guard fits("gaussianNegativeLogLikelihood", mean, target) else { return mean }
  guard epsilon > 0 else {
    return LayerCheck.fail("gaussianNegativeLogLikelihood: epsilon must be positive, got \(epsilon)", mean.type)
  }
  guard variance.dtype == mean.dtype, mean.shape.broadcast(with: variance.shape) == mean.shape else {
    return LayerCheck.fail(
      "gaussianNegativeLogLikelihood: the variances are \(variance.type), they must broadcast to the means "
        + "\(mean.type)", mean.type)
  }
  let v = withCustomGradient(variance, body: { $0.clamped(above: epsilon) }, rule: { $0 })
  var losses = (log(v) + (mean - target).squared() / v) * 0.5
  if isFull { losses = losses + 0.9189385332046727 }  // log(2 pi) / 2
  return reduction(losses)
}
