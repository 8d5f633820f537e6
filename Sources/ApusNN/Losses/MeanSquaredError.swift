import ApusTensor

/// The mean of `(prediction - target)^2`.
///
/// Shapes: both the same; the result is a scalar.
///
/// ```swift
/// let loss = meanSquaredError(model(x), y)
/// ```
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  meanSquaredError(prediction, target, reduction: .mean)
}

/// `(prediction - target)^2`, reduced. The gradient is `2 (prediction - target)`, divided by the count for the mean.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction) -> Tensor {
  guard fits("meanSquaredError", prediction, target) else { return prediction }
  return reduction((prediction - target).squared())
}
