import ApusTensor

/// The mean cross-entropy of softmax probabilities, from logits; see
/// ``crossEntropy(_:_:labelSmoothing:classWeights:ignoredIndex:reduction:)``.
///
/// ```swift
/// let loss = crossEntropy(model(x), labels)     // [128, 10], [128] -> []
/// ```
public func crossEntropy(_ logits: Tensor, _ targets: Tensor) -> Tensor {
  crossEntropy(logits, targets, reduction: .mean)
}

/// The cross-entropy of softmax probabilities, from logits: `-sum over c of t_c log softmax(logits)_c`.
///
/// Shapes: logits `[N, C, ...]`; targets either classes, i32 or i64 `[N, ...]`, or probabilities in the logits' type
/// and shape. Without reduction the result is `[N, ...]`. The gradient is softmax minus target. As PyTorch's
/// `cross_entropy`; log-softmax subtracts the largest logit, so logits of +-1e4 are exact, and a logit of -inf takes its
/// class out (the loss is infinite only if that class is asked for).
///
/// ```swift
/// let loss = crossEntropy(logits, labels, labelSmoothing: 0.1, ignoredIndex: 0)
/// ```
/// - Parameters:
///   - labelSmoothing: the share of each target that is spread evenly over all classes (Szegedy et al., 2016).
///   - classWeights: `[C]`, the weight of each class. With classes as targets the mean divides by the sum of the
///     targets' weights, with probabilities by the number of examples.
///   - ignoredIndex: examples of this class count nothing, also not in the mean; for classes as targets.
/// - Precondition: classes lie in `0..<C`, or are `ignoredIndex`.
public func crossEntropy(
  _ logits: Tensor, _ targets: Tensor, labelSmoothing: Double = 0, classWeights: Tensor? = nil,
  ignoredIndex: Int? = nil, reduction: LossReduction = .mean
) -> Tensor {
  let loss = ClassLoss("crossEntropy", classWeights: classWeights, ignoredIndex: ignoredIndex)
  guard loss.fits(logits) else { return logits }
  guard labelSmoothing >= 0, labelSmoothing <= 1 else {
    return LayerCheck.fail("crossEntropy: labelSmoothing must be between 0 and 1, got \(labelSmoothing)", logits.type)
  }
  let logarithms = Tensor.record(Softmax(axis: 1, isLog: true), [logits])
  if targets.dtype.isFloatingPoint {
    return softCrossEntropy(logarithms, targets, labelSmoothing, classWeights, ignoredIndex, reduction)
  }
  guard loss.fits(logits, targets, otherwise: ", or probabilities \(logits.type)") else { return logits }
  return loss(logarithms, targets, labelSmoothing: labelSmoothing, reduction: reduction)
}

private func softCrossEntropy(
  _ logarithms: Tensor, _ targets: Tensor, _ smoothing: Double, _ classWeights: Tensor?, _ ignoredIndex: Int?,
  _ reduction: LossReduction
) -> Tensor {
  guard fits("crossEntropy", logarithms, targets) else { return logarithms }
  guard ignoredIndex == nil else {
    return LayerCheck.fail("crossEntropy: ignoredIndex needs classes as targets, not probabilities", logarithms.type)
  }
  let classes = Double(logarithms.shape[1])
  let shares = smoothing > 0 ? targets * (1 - smoothing) + smoothing / classes : targets
  // A class that cannot be (logit -inf) and is not asked for adds 0 log 0 = 0.
  let isNothing = (shares .== 0) .&& (logarithms .== -Double.infinity)
  let zero = Tensor.zeros([], dtype: logarithms.dtype)
  var terms = zero.selected(where: isNothing, otherwise: logarithms) * shares
  if let classWeights { terms = terms * ClassLoss.perClass(classWeights, rank: logarithms.rank) }
  let losses = -terms.sum(squeezingAxes: 1)
  return reduction(losses)
}
