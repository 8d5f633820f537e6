import ApusTensor

extension Operators {
  /// Losses.
  static let losses: [String: Operator] = [
    "NegativeLogLikelihoodLoss": .tensor { context in
      try negativeLogLikelihood(context, logarithms: try context.tensor(0))
    },
    "SoftmaxCrossEntropyLoss": .tensors { context in
      let scores = try context.tensor(0)
      guard scores.rank >= 2 else { throw OperatorError("needs scores [N, C, ...], got \(scores.shape)") }
      let logarithms = logSoftmax(scores, axis: 1)
      return [try negativeLogLikelihood(context, logarithms: logarithms), logarithms]
    },
  ]

  /// Minus the logarithm at the class of each place, weighted by class.
  private static func negativeLogLikelihood(_ context: OperatorContext, logarithms: Tensor) throws -> Tensor {
    let (target, weights) = (try context.tensor(1), try context.optional(2))
    guard logarithms.rank >= 2, target.dtype.isInteger,
      Array(target.shape) == Array(logarithms.shape.prefix(1)) + Array(logarithms.shape.dropFirst(2))
    else {
      throw OperatorError("needs classes of the shape of \(logarithms.shape) without its axis 1, got \(target.type)")
    }
    var classes = target.cast(to: .int64)
    var factors = Tensor.ones(target.shape, dtype: logarithms.dtype)
    if context.has("ignore_index") {
      let isUsed = classes .!= Double(context.int("ignore_index", 0))
      classes = `where`(isUsed, classes, Tensor(repeating: 0, shape: [], dtype: .int64))
      factors = isUsed.cast(to: logarithms.dtype)
    }
    if let weights { factors = factors * weights.gathered(at: classes, axis: 0) }
    let chosen = logarithms.gatheredElements(at: classes.expandingShape(at: 1), axis: 1).squeezingShape(at: [1])
    let losses = -(chosen * factors)
    switch context.string("reduction", "mean") {
    case "none": return losses
    case "sum": return losses.sum()
    case "mean": return losses.sum() / factors.sum()
    case let other: throw OperatorError("the reduction '\(other.prefix(40))' is unknown")
    }
  }
}
