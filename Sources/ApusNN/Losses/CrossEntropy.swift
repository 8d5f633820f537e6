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
/// `cross_entropy`; log-softmax subtracts the largest logit, so logits of +-1e4 are exact.
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
  guard logits.rank >= 2, logits.dtype.isFloatingPoint else {
    return LayerCheck.fail(
      "crossEntropy: the logits are \(logits.type), they must be floating-point [N, classes, ...]", logits.type)
  }
  guard labelSmoothing >= 0, labelSmoothing <= 1 else {
    return LayerCheck.fail("crossEntropy: labelSmoothing must be between 0 and 1, got \(labelSmoothing)", logits.type)
  }
  if let classWeights, classWeights.type != TensorType([logits.shape[1]], logits.dtype) {
    return LayerCheck.fail(
      "crossEntropy: the class weights are \(classWeights.type), they must be \(logits.dtype)[\(logits.shape[1])]",
      logits.type)
  }
  let logarithms = Tensor.record(Softmax(axis: 1, isLog: true), [logits])
  if targets.dtype.isFloatingPoint {
    return softCrossEntropy(logarithms, targets, labelSmoothing, classWeights, ignoredIndex, reduction)
  }
  let expected = logits.shape.removing(axes: [1])
  guard targets.shape == expected, targets.dtype == .int32 || targets.dtype == .int64 else {
    return LayerCheck.fail(
      "crossEntropy: the targets are \(targets.type); for logits \(logits.shape) they must be classes, i32 or i64 "
        + "\(expected), or probabilities \(logits.type)", logits.type)
  }
  let mask = ignoredIndex.map { targets .!= Double($0) }
  let zero = Tensor.zeros([], dtype: targets.dtype)
  let classes = mask.map { targets.selected(where: $0, otherwise: zero) } ?? targets
  let picked = Tensor.record(GatherElements(axis: 1), [logarithms, classes.expandingShape(at: 1)])
  var losses = -picked.reshaped(to: expected)
  let weights = classWeights.map { Tensor.record(Gather(axis: 0), [$0, classes]) }
  if let weights { losses = losses * weights }
  if labelSmoothing > 0 {
    let all = classWeights.map { logarithms * perClass($0, rank: logits.rank) } ?? logarithms
    losses = losses * (1 - labelSmoothing) - all.sum(squeezingAxes: 1) * (labelSmoothing / Double(logits.shape[1]))
  }
  if let mask { losses = losses.selected(where: mask, otherwise: Tensor.zeros([], dtype: losses.dtype)) }
  guard reduction == .mean, weights != nil || mask != nil else { return reduction(losses) }
  var counted = weights ?? Tensor.ones(expected, dtype: losses.dtype)
  if let mask { counted = counted.selected(where: mask, otherwise: Tensor.zeros([], dtype: losses.dtype)) }
  return losses.sum() / counted.sum()
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
  var terms = logarithms * (smoothing > 0 ? targets * (1 - smoothing) + smoothing / classes : targets)
  if let classWeights { terms = terms * perClass(classWeights, rank: logarithms.rank) }
  let losses = -terms.sum(squeezingAxes: 1)
  return reduction(losses)
}

private func perClass(_ weights: Tensor, rank: Int) -> Tensor {
  weights.reshaped(to: Shape([1, weights.count] + [Int](repeating: 1, count: rank - 2)))
}
