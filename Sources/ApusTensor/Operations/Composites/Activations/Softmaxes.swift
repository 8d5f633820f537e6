extension Tensor {
  /// An axis counted from 0, from one that may count from the end; reports one that does not exist.
  func resolvedAxis(_ axis: Int, _ operation: String, extra: Int = 0) -> Int? {
    let extent = rank + extra
    let position = axis < 0 ? axis + extent : axis
    if position >= 0, position < extent { return position }
    _ = Diagnostics.fail(ShapeError("\(operation): there is no axis \(axis) in \(shape)"), like: type)
    return nil
  }
}

/// `exp(x) / sum(exp(x))` along an axis: positive numbers that sum to 1. The gradient is `y (g - sum(y g))`. The largest
/// element is subtracted first, so that nothing overflows; -inf gives 0, a line of only -inf NaN. As PyTorch's `softmax`.
///
/// A primitive, so that a backend may compute each line in one pass. Reference: Probabilistic interpretation of feedforward
/// classification network outputs; Bridle; 1990.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  guard let axis = x.resolvedAxis(axis, "softmax") else { return x }
  return Tensor.record(Softmax(axis: axis, isLog: false), [x])
}

/// The logarithm of ``softmax(_:axis:)``, accurate where the softmax itself would round to 0. The gradient is
/// `g - exp(y) sum(g)`. A primitive. As PyTorch's `log_softmax`.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  guard let axis = x.resolvedAxis(axis, "logSoftmax") else { return x }
  return Tensor.record(Softmax(axis: axis, isLog: true), [x])
}

/// ``softmax(_:axis:)`` of -x: the smallest element gets the largest share. As PyTorch's `softmin`.
public func softmin(_ x: Tensor, axis: Int = -1) -> Tensor { softmax(-x, axis: axis) }
