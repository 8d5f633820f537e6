extension Tensor {
  /// Axes counted from 0, sorted, from axes that may count from the end; traps on one that does not exist.
  package func resolvedAxes(_ axes: [Int]) -> [Int]? {
    var resolved: Set<Int> = []
    for axis in axes {
      let position = axis < 0 ? axis + rank : axis
      guard position >= 0, position < rank, resolved.insert(position).inserted else { return nil }
    }
    return resolved.sorted()
  }

  /// Folds along axes, which stay with extent 1.
  package func reduced(_ reduction: Reduction, alongAxes axes: [Int]) -> Tensor {
    guard let axes = resolvedAxes(axes) else {
      let problem = "\(reduction.name): \(axes) does not name distinct axes of \(shape)"
      return Diagnostics.fail(ShapeError(problem), like: type)
    }
    return axes.isEmpty ? self : Tensor.record(Reduce(reduction, axes: axes), [self])
  }

  /// Folds along axes, which disappear.
  package func reduced(_ reduction: Reduction, squeezingAxes axes: [Int]) -> Tensor {
    let kept = reduced(reduction, alongAxes: axes)
    guard let axes = resolvedAxes(axes) else { return kept }
    return kept.reshaped(to: shape.removing(axes: axes))
  }

  private func elementCount(along axes: [Int]) -> Double {
    Double((resolvedAxes(axes) ?? []).reduce(1) { $0 * shape[$1] })
  }

  private var allAxes: [Int] { Array(0..<rank) }

  /// The sum of all elements, a scalar.
  public func sum() -> Tensor { reduced(.sum, squeezingAxes: allAxes) }
  /// Sums along axes, which stay with extent 1. Negative axes count from the end.
  public func sum(alongAxes axes: Int...) -> Tensor { reduced(.sum, alongAxes: axes) }
  /// Sums along axes, which disappear. Negative axes count from the end.
  public func sum(squeezingAxes axes: Int...) -> Tensor { reduced(.sum, squeezingAxes: axes) }
  /// Sums along axes, which stay with extent 1.
  public func sum(alongAxes axes: [Int]) -> Tensor { reduced(.sum, alongAxes: axes) }
  /// Sums along axes, which disappear.
  public func sum(squeezingAxes axes: [Int]) -> Tensor { reduced(.sum, squeezingAxes: axes) }

  /// The mean of all elements, a scalar.
  public func mean() -> Tensor { sum() / Double(count) }
  /// Means along axes, which stay with extent 1.
  public func mean(alongAxes axes: Int...) -> Tensor { sum(alongAxes: axes) / elementCount(along: axes) }
  /// Means along axes, which disappear.
  public func mean(squeezingAxes axes: Int...) -> Tensor { sum(squeezingAxes: axes) / elementCount(along: axes) }
  /// Means along axes, which stay with extent 1.
  public func mean(alongAxes axes: [Int]) -> Tensor { sum(alongAxes: axes) / elementCount(along: axes) }
  /// Means along axes, which disappear.
  public func mean(squeezingAxes axes: [Int]) -> Tensor { sum(squeezingAxes: axes) / elementCount(along: axes) }

  /// The largest element, a scalar; NaN if any element is NaN.
  public func max() -> Tensor { reduced(.maximum, squeezingAxes: allAxes) }
  /// The largest elements along axes, which stay with extent 1.
  public func max(alongAxes axes: Int...) -> Tensor { reduced(.maximum, alongAxes: axes) }
  /// The largest elements along axes, which disappear.
  public func max(squeezingAxes axes: Int...) -> Tensor { reduced(.maximum, squeezingAxes: axes) }
  /// The smallest element, a scalar; NaN if any element is NaN.
  public func min() -> Tensor { reduced(.minimum, squeezingAxes: allAxes) }
  /// The smallest elements along axes, which stay with extent 1.
  public func min(alongAxes axes: Int...) -> Tensor { reduced(.minimum, alongAxes: axes) }
  /// The smallest elements along axes, which disappear.
  public func min(squeezingAxes axes: Int...) -> Tensor { reduced(.minimum, squeezingAxes: axes) }
  /// The product of all elements, a scalar.
  public func product() -> Tensor { reduced(.product, squeezingAxes: allAxes) }
  /// Products along axes, which stay with extent 1.
  public func product(alongAxes axes: Int...) -> Tensor { reduced(.product, alongAxes: axes) }
  /// Products along axes, which disappear.
  public func product(squeezingAxes axes: Int...) -> Tensor { reduced(.product, squeezingAxes: axes) }

  /// The largest elements along axes, which stay with extent 1.
  public func max(alongAxes axes: [Int]) -> Tensor { reduced(.maximum, alongAxes: axes) }
  /// The largest elements along axes, which disappear.
  public func max(squeezingAxes axes: [Int]) -> Tensor { reduced(.maximum, squeezingAxes: axes) }
  /// The smallest elements along axes, which stay with extent 1.
  public func min(alongAxes axes: [Int]) -> Tensor { reduced(.minimum, alongAxes: axes) }
  /// The smallest elements along axes, which disappear.
  public func min(squeezingAxes axes: [Int]) -> Tensor { reduced(.minimum, squeezingAxes: axes) }
  /// Products along axes, which stay with extent 1.
  public func product(alongAxes axes: [Int]) -> Tensor { reduced(.product, alongAxes: axes) }
  /// Products along axes, which disappear.
  public func product(squeezingAxes axes: [Int]) -> Tensor { reduced(.product, squeezingAxes: axes) }

  /// The variance of all elements: mean squared deviation, divided by `count - correction`.
  public func variance(correction: Int = 0) -> Tensor { variance(squeezingAxes: allAxes, correction: correction) }

  /// Variances along axes, which disappear; divided by the number of elements less `correction`.
  public func variance(squeezingAxes axes: Int..., correction: Int = 0) -> Tensor {
    variance(squeezingAxes: axes, correction: correction)
  }

  /// Variances along axes, which disappear; divided by the number of elements less `correction`.
  public func variance(squeezingAxes axes: [Int], correction: Int = 0) -> Tensor {
    let kept = variance(alongAxes: axes, correction: correction)
    guard let axes = resolvedAxes(axes) else { return kept }
    return kept.reshaped(to: shape.removing(axes: axes))
  }

  /// Variances along axes, which stay with extent 1; divided by the number of elements less `correction`.
  public func variance(alongAxes axes: [Int], correction: Int = 0) -> Tensor {
    let deviation = self - mean(alongAxes: axes)
    return deviation.squared().sum(alongAxes: axes) / (elementCount(along: axes) - Double(correction))
  }

  /// The square root of the variance of all elements; see ``variance(correction:)``.
  public func standardDeviation(correction: Int = 0) -> Tensor { sqrt(variance(correction: correction)) }

  /// Square roots of the variances along axes, which disappear.
  public func standardDeviation(squeezingAxes axes: [Int], correction: Int = 0) -> Tensor {
    sqrt(variance(squeezingAxes: axes, correction: correction))
  }

  /// Whether any truth value holds.
  public func any() -> Tensor { cast(to: .int32).max() .> 0 }
  /// Whether all truth values hold.
  public func all() -> Tensor { cast(to: .int32).min() .> 0 }
  /// Whether any truth value holds along axes, which disappear.
  public func any(squeezingAxes axes: [Int]) -> Tensor { cast(to: .int32).max(squeezingAxes: axes) .> 0 }
  /// Whether all truth values hold along axes, which disappear.
  public func all(squeezingAxes axes: [Int]) -> Tensor { cast(to: .int32).min(squeezingAxes: axes) .> 0 }
}
