import ApusTensor

/// The negative log-likelihood of classes, from logarithms of probabilities: `-w_c log p_c` for the class c.
///
/// Shapes: logarithms `[N, C, ...]`, classes i32 or i64 `[N, ...]`; without reduction the result is `[N, ...]`. The
/// gradient is -w_c at the class and 0 elsewhere, in the mean divided by the sum of the weights. As PyTorch's `nll_loss`;
/// with ``logSoftmax(_:axis:)`` before it, it is ``crossEntropy(_:_:labelSmoothing:classWeights:ignoredIndex:reduction:)``.
///
/// ```swift
/// let loss = negativeLogLikelihood(logSoftmax(model(x), axis: 1), labels)
/// ```
/// - Parameters:
///   - classWeights: `[C]`, the weight of each class; the mean divides by the sum of the targets' weights.
///   - ignoredIndex: examples of this class count nothing, also not in the mean.
/// - Precondition: classes lie in `0..<C`, or are `ignoredIndex`.
public func negativeLogLikelihood(
  _ logarithms: Tensor, _ classes: Tensor, classWeights: Tensor? = nil, ignoredIndex: Int? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let loss = ClassLoss("negativeLogLikelihood", classWeights: classWeights, ignoredIndex: ignoredIndex)
  guard loss.fits(logarithms, classes) else { return logarithms }
  return loss(logarithms, classes, reduction: reduction)
}
