import ApusTensor

/// The Kullback-Leibler divergence of a distribution q from the targets t (Kullback and Leibler, 1951), from logarithms
/// of q: `sum over c of t_c (log t_c - log q_c)`, at least 0 and 0 where both are the same.
///
/// Shapes: both `[N, ...]`, the same; terms with t = 0 are 0. The mean is over the N examples, not over all elements:
/// PyTorch's `kl_div` with `batchmean`, which it recommends. Without reduction each element's term is given. The gradient
/// with respect to the logarithms is `-t`.
///
/// ```swift
/// let loss = klDivergence(logSoftmax(student(x)), softmax(teacher(x)))
/// ```
/// - Parameter targetsAreLogarithms: whether the targets are given as logarithms too, which is more accurate.
public func klDivergence(
  _ logarithms: Tensor, _ targets: Tensor, targetsAreLogarithms: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  guard fits("klDivergence", logarithms, targets) else { return logarithms }
  guard logarithms.rank >= 1 else {
    return LayerCheck.fail("klDivergence: a scalar is no distribution; give [N, classes]", logarithms.type)
  }
  let terms: Tensor
  if targetsAreLogarithms {
    terms = exp(targets) * (targets - logarithms)
  } else {
    // Where t = 0 neither logarithm is looked at: 0 log 0 = 0, also for a probability q of 0.
    let isZero = targets .== 0
    let one = Tensor.scalar(1, dtype: targets.dtype)
    let zero = Tensor.scalar(0, dtype: targets.dtype)
    terms =
      targets
      * (log(one.selected(where: isZero, otherwise: targets))
        - zero.selected(where: isZero, otherwise: logarithms))
  }
  return reduction == .mean ? terms.sum() / Double(max(logarithms.shape[0], 1)) : reduction(terms)
}
