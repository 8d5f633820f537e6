import ApusTensor

/// The loss of sequences: the sum of the losses of their time steps, `L = sum over t of L_t`, without the steps that a
/// mask leaves out (padding after the end of shorter sequences).
///
/// Shapes: losses of the steps `[N, T, ...]`, from any loss without reduction, or `[T, N, ...]` with `timeAxis: 0`; the
/// mask `[N, T]` (or `[T, N]`), true or 1 where a step counts. The sum over time has the shape `[N, ...]` and is then
/// reduced: the mean is over the sequences. Steps left out have the gradient 0, whatever stands there, NaN included.
///
/// ```swift
/// // Logits [N, T, V] and characters [N, T]; each sequence has its length.
/// let steps = crossEntropy(logits.transposed(permutation: [0, 2, 1]), characters, reduction: .none)     // [N, T]
/// let loss = sequenceLoss(steps, mask: Tensor.arange(T, dtype: .int64) .< lengths.expandingShape(at: 1))
/// ```
public func sequenceLoss(
  _ steps: Tensor, mask: Tensor? = nil, timeAxis: Int = 1, reduction: LossReduction = .mean
) -> Tensor {
  guard steps.rank >= 2, timeAxis == 0 || timeAxis == 1, steps.dtype.isFloatingPoint else {
    return LayerCheck.fail(
      "sequenceLoss: the losses are \(steps.type) with the time along axis \(timeAxis); they must be [N, T, ...] or, "
        + "with timeAxis 0, [T, N, ...]", steps.type)
  }
  guard let mask else { return reduction(steps.sum(squeezingAxes: timeAxis)) }
  guard mask.shape == Shape(Array(steps.shape.prefix(2))) else {
    return LayerCheck.fail(
      "sequenceLoss: the mask is \(mask.type), for losses \(steps.type) it must be "
        + "[\(steps.shape[0]), \(steps.shape[1])]", steps.type)
  }
  let counts = mask.dtype == .bool ? mask : mask .!= 0
  let shape = Shape(Array(mask.shape) + [Int](repeating: 1, count: steps.rank - 2))
  let counted = steps.selected(where: counts.reshaped(to: shape), otherwise: Tensor.zeros([], dtype: steps.dtype))
  return reduction(counted.sum(squeezingAxes: timeAxis))
}
