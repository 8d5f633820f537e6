import ApusTensor

/// The hinge loss of support vector machines (Cortes and Vapnik, 1995): `max(0, margin - t y)` for targets t of -1 or 1,
/// or its square; no loss for outputs y on the right side of the margin.
///
/// Shapes: both the same. The gradient is `-t` inside the margin, 0 outside and at its edge. As Keras's `Hinge` and
/// `SquaredHinge` (whose targets may be 0 and 1 too).
///
/// ```swift
/// let loss = hinge(model(x), labels * 2 - 1)
/// ```
/// - Precondition: `margin` is a number.
public func hinge(
  _ prediction: Tensor, _ target: Tensor, margin: Double = 1, isSquared: Bool = false,
  reduction: LossReduction = .mean
) -> Tensor {
  guard fits("hinge", prediction, target) else { return prediction }
  guard margin.isFinite else {
    return LayerCheck.fail("hinge: the margin must be a number, got \(margin)", prediction.type)
  }
  let losses = relu(margin - prediction * target)
  return reduction(isSquared ? losses.squared() : losses)
}
