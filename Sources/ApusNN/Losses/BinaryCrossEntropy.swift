import ApusTensor

/// The mean binary cross-entropy of probabilities; see ``binaryCrossEntropy(_:_:weights:reduction:)``.
///
/// ```swift
/// let loss = binaryCrossEntropy(sigmoid(model(x)), y)
/// ```
public func binaryCrossEntropy(_ probabilities: Tensor, _ targets: Tensor) -> Tensor {
  binaryCrossEntropy(probabilities, targets, reduction: .mean)
}

/// The binary cross-entropy of probabilities p: `-(t log p + (1 - t) log(1 - p))`.
///
/// As in PyTorch each logarithm is at least -100, and the gradient `(p - t) / (p (1 - p))` has a divisor of at least
/// 1e-12. Shapes: both the same, targets from 0 to 1. Prefer ``binaryCrossEntropy(logits:_:)``, which is exact for
/// any logit.
///
/// - Parameter weights: factors of the elements, broadcast.
public func binaryCrossEntropy(
  _ probabilities: Tensor, _ targets: Tensor, weights: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  guard fits("binaryCrossEntropy", probabilities, targets) else { return probabilities }
  var losses = withCustomGradient(
    probabilities,
    body: { p in -(targets * max(log(p), -100) + (1 - targets) * max(log(1 - p), -100)) },
    rule: { g in g * (probabilities - targets) / max(probabilities * (1 - probabilities), smallestDivisor) })
  if let weights { losses = losses * weights }
  return reduction(losses)
}

/// 1e-12 as PyTorch has it, rounded to single precision.
private let smallestDivisor = Double(1e-12 as Float)

/// The mean binary cross-entropy of logits; see ``binaryCrossEntropy(logits:_:weights:positiveWeights:reduction:)``.
///
/// ```swift
/// let loss = binaryCrossEntropy(logits: model(x), y)
/// ```
public func binaryCrossEntropy(logits: Tensor, _ targets: Tensor) -> Tensor {
  binaryCrossEntropy(logits: logits, targets, reduction: .mean)
}

/// The binary cross-entropy of the probabilities `sigmoid(x)`, from logits x: `(1 - t) x + log(1 + exp(-x))`,
/// with weights of the positives q `(1 - t) x + (1 + (q - 1) t) log(1 + exp(-x))`.
///
/// Shapes: both the same, targets from 0 to 1. The gradient is `sigmoid(x) - t` without weights. Exact for any logit.
///
/// - Parameters:
///   - weights: factors of the elements, broadcast.
///   - positiveWeights: factors of the positive targets' terms, broadcast; above 1 they raise recall.
public func binaryCrossEntropy(
  logits: Tensor, _ targets: Tensor, weights: Tensor? = nil, positiveWeights: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  guard fits("binaryCrossEntropy(logits:)", logits, targets) else { return logits }
  let factor = positiveWeights.map { ($0 - 1) * targets + 1 }
  // Evaluated as max(x, 0) - x t + log(1 + exp(-|x|)) would be, but with the derivative that holds at 0 too.
  var losses = withCustomGradient(
    logits,
    body: { x in
      let tail = log1p(exp(-abs(x))) + max(-x, 0)
      return (1 - targets) * x + (factor.map { $0 * tail } ?? tail)
    },
    rule: { g in
      // sigmoid(-x) keeps its digits where 1 - sigmoid(x) would lose them.
      let below = Tensor.record(Unary(.sigmoid), [-logits])
      return g * ((1 - targets) - (factor.map { $0 * below } ?? below))
    })
  if let weights { losses = losses * weights }
  return reduction(losses)
}
