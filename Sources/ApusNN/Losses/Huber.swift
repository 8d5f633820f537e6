import ApusTensor

/// The mean of the Huber loss with delta 1; see ``huber(_:_:delta:reduction:)``.
///
/// ```swift
/// let loss = huber(model(x), y)
/// ```
public func huber(_ prediction: Tensor, _ target: Tensor) -> Tensor { huber(prediction, target, delta: 1) }

/// The loss that is squared near 0 and linear beyond `delta` (Huber, 1964), reduced.
///
/// With d = prediction - target: `d^2 / 2` where `|d| <= delta`, else `delta (|d| - delta / 2)`. Shapes: both the same.
/// As PyTorch's `huber_loss`.
///
/// - Precondition: `delta` is positive.
public func huber(
  _ prediction: Tensor, _ target: Tensor, delta: Double, reduction: LossReduction = .mean
) -> Tensor {
  guard fits("huber", prediction, target) else { return prediction }
  guard delta > 0 else {
    return Diagnostics.fail(ShapeError("huber: delta must be positive, got \(delta)"), like: prediction.type)
  }
  let size = abs(prediction - target)
  // min(|d|, delta) (|d| - min(|d|, delta) / 2) is both branches at once, and its derivative is continuous.
  let near = min(size, delta)
  return reduction(near * (size - near * 0.5))
}
