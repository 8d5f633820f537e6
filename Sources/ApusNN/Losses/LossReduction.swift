import ApusTensor

/// How the losses of single elements or examples become one.
public enum LossReduction: String, Sendable, CaseIterable, Codable {
  /// Their mean.
  case mean
  /// Their sum.
  case sum
  /// They stay as they are.
  case none

  /// The reduced losses.
  func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }
}

/// Whether predictions and targets have the same shape and type; reports it if not.
func fits(_ loss: String, _ prediction: Tensor, _ target: Tensor) -> Bool {
  if prediction.type == target.type { return true }
  let problem =
    "\(loss): the prediction is \(prediction.type), the target \(target.type); both must have one shape and "
    + "element type"
  _ = Diagnostics.fail(ShapeError(problem), like: prediction.type)
  return false
}
