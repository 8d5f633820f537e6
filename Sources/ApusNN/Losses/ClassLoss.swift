import ApusTensor

/// What losses with classes as targets have in common: the class's entry, weights of classes, an ignored class.
struct ClassLoss {
  let name: String
  let classWeights: Tensor?
  let ignoredIndex: Int?

  init(_ name: String, classWeights: Tensor?, ignoredIndex: Int?) {
    (self.name, self.classWeights, self.ignoredIndex) = (name, classWeights, ignoredIndex)
  }

  /// Whether scores `[N, C, ...]`, classes `[N, ...]` and the weights fit each other; reports it if not.
  func fits(_ scores: Tensor, _ classes: Tensor, otherwise: String = "") -> Bool {
    guard fits(scores) else { return false }
    let expected = scores.shape.removing(axes: [1])
    if classes.shape == expected, classes.dtype == .int32 || classes.dtype == .int64 { return true }
    _ = LayerCheck.fail(
      "\(name): the targets are \(classes.type); for logits \(scores.shape) they must be classes, i32 or i64 "
        + "\(expected)\(otherwise)", scores.type)
    return false
  }

  /// Whether scores `[N, C, ...]` and the weights fit each other; reports it if not.
  func fits(_ scores: Tensor) -> Bool {
    guard scores.rank >= 2, scores.dtype.isFloatingPoint else {
      _ = LayerCheck.fail(
        "\(name): the logits are \(scores.type), they must be floating-point [N, classes, ...]", scores.type)
      return false
    }
    if let classWeights, classWeights.type != TensorType([scores.shape[1]], scores.dtype) {
      _ = LayerCheck.fail(
        "\(name): the class weights are \(classWeights.type), they must be \(scores.dtype)[\(scores.shape[1])]",
        scores.type)
      return false
    }
    return true
  }

  /// `-w_c log p_c`, reduced; with `labelSmoothing` a share of every class's term.
  func callAsFunction(
    _ logarithms: Tensor, _ targets: Tensor, labelSmoothing: Double = 0, reduction: LossReduction
  ) -> Tensor {
    let shape = logarithms.shape.removing(axes: [1])
    let mask = ignoredIndex.map { targets .!= Double($0) }
    let zero = Tensor.zeros([], dtype: targets.dtype)
    let classes = mask.map { targets.selected(where: $0, otherwise: zero) } ?? targets
    let picked = Tensor.record(GatherElements(axis: 1), [logarithms, classes.expandingShape(at: 1)])
    var losses = -picked.reshaped(to: shape)
    let weights = classWeights.map { Tensor.record(Gather(axis: 0), [$0, classes]) }
    if let weights { losses = losses * weights }
    if labelSmoothing > 0 {
      let all = classWeights.map { logarithms * Self.perClass($0, rank: logarithms.rank) } ?? logarithms
      let share = labelSmoothing / Double(logarithms.shape[1])
      losses = losses * (1 - labelSmoothing) - all.sum(squeezingAxes: 1) * share
    }
    if let mask { losses = losses.selected(where: mask, otherwise: Tensor.zeros([], dtype: losses.dtype)) }
    guard reduction == .mean, weights != nil || mask != nil else { return reduction(losses) }
    var counted = weights ?? Tensor.ones(shape, dtype: losses.dtype)
    if let mask { counted = counted.selected(where: mask, otherwise: Tensor.zeros([], dtype: losses.dtype)) }
    return losses.sum() / counted.sum()
  }

  /// Weights `[C]` in a shape that broadcasts over axis 1.
  static func perClass(_ weights: Tensor, rank: Int) -> Tensor {
    weights.reshaped(to: Shape([1, weights.count] + [Int](repeating: 1, count: rank - 2)))
  }
}
