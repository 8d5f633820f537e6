import ApusTensor

/// The mean of `|prediction - target|`.
///
/// Shapes: both the same; the result is a scalar.
///
/// ```swift
/// let loss = meanAbsoluteError(model(x), y)
/// ```
public func meanAbsoluteError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  meanAbsoluteError(prediction, target, reduction: .mean)
}

/// `|prediction - target|`, reduced. The gradient is the sign of the difference, 0 where there is none.
public func meanAbsoluteError(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction) -> Tensor {
  guard fits("meanAbsoluteError", prediction, target) else { return prediction }
  return reduction(abs(prediction - target))
}
