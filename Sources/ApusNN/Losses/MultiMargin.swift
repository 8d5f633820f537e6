import ApusTensor

/// The hinge loss of several classes (Crammer and Singer, 2001, summed over the classes as Weston and Watkins, 1999):
/// the mean over classes c of `w_y max(0, margin - x_y + x_c)^p`, without c = y, for the class y and scores x.
///
/// Shapes: scores `[N, C]`, classes i32 or i64 `[N]`; without reduction the result is `[N]`. The mean divides by N, also
/// with weights. The gradient is that of the terms inside the margin, 0 at its edge. As PyTorch's `multi_margin_loss`.
///
/// ```swift
/// let loss = multiMargin(model(x), labels, power: 2)
/// ```
/// - Parameters:
///   - power: 1, or 2 for the squared form.
///   - classWeights: `[C]`, a factor of the loss of each class's examples.
public func multiMargin(
  _ scores: Tensor, _ classes: Tensor, margin: Double = 1, power: Int = 1, classWeights: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let check = ClassLoss("multiMargin", classWeights: classWeights, ignoredIndex: nil)
  guard check.fits(scores, classes) else { return scores }
  guard scores.rank == 2, power == 1 || power == 2, margin.isFinite else {
    return LayerCheck.fail(
      "multiMargin: needs scores [N, classes], the power 1 or 2 and a margin that is a number, got \(scores.type), "
        + "\(power) and \(margin)", scores.type)
  }
  let own = Tensor.record(GatherElements(axis: 1), [scores, classes.expandingShape(at: 1)])
  var terms = relu(scores - own + margin)
  if power == 2 { terms = terms.squared() }
  let isOwn = classes.oneHot(depth: scores.shape[1], dtype: .bool)
  terms = Tensor.zeros([], dtype: scores.dtype).selected(where: isOwn, otherwise: terms)
  var losses = terms.mean(squeezingAxes: 1)
  if let classWeights { losses = losses * Tensor.record(Gather(axis: 0), [classWeights, classes]) }
  return reduction(losses)
}
