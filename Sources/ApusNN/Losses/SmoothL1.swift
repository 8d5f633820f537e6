import ApusTensor

/// The loss that is squared near 0 and absolute beyond `beta` (Girshick, 2015), reduced.
///
/// With d = prediction - target: `d^2 / (2 beta)` where `|d| < beta`, else `|d| - beta / 2`: ``huber(_:_:delta:reduction:)``
/// divided by `beta`, so that the slope far away is 1 for any `beta`. At `beta` 0 it is the absolute error. Shapes: both
/// the same. The gradient is `d / beta` near 0, the sign of d elsewhere. As PyTorch's `smooth_l1_loss`.
///
/// ```swift
/// let loss = smoothL1(model(x), y, beta: 0.5)
/// ```
/// - Precondition: `beta` is at least 0.
public func smoothL1(
  _ prediction: Tensor, _ target: Tensor, beta: Double = 1, reduction: LossReduction = .mean
) -> Tensor {
  guard beta >= 0 else {
    return Diagnostics.fail(ShapeError("smoothL1: beta must be at least 0, got \(beta)"), like: prediction.type)
  }
  if beta == 0 { return meanAbsoluteError(prediction, target, reduction: reduction) }
  return huber(prediction, target, delta: beta, reduction: reduction) / beta
}
