// Largest elements, order and running sums.

extension Tensor {
  /// The position (i64) of the largest element along an axis, which disappears; the first wins, NaN is the largest.
  public func argMax(axis: Int) -> Tensor { argReduced(isMax: true, axis, "argMax") }

  /// The position (i64) of the smallest element along an axis, which disappears; the first wins, then the first NaN.
  public func argMin(axis: Int) -> Tensor { argReduced(isMax: false, axis, "argMin") }

  /// The position (i64, a scalar) of the largest element in row-major order.
  public func argMax() -> Tensor { flattened().argMax(axis: 0) }

  /// The position (i64, a scalar) of the smallest element in row-major order.
  public func argMin() -> Tensor { flattened().argMin(axis: 0) }

  private func argReduced(isMax: Bool, _ axis: Int, _ name: String) -> Tensor {
    guard let axis = resolvedAxis(axis, name) else { return self }
    return Tensor.record(ArgReduce(isMax: isMax, axis: axis), [self]).reshaped(to: shape.removing(axes: [axis]))
  }

  /// The positions (i64) along an axis in the order of their elements; equal elements keep their order, NaN is the
  /// largest.
  public func argSorted(axis: Int = -1, descending: Bool = false) -> Tensor {
    guard let axis = resolvedAxis(axis, "argSorted") else { return self }
    return Tensor.record(ArgSort(axis: axis, descending: descending), [self])
  }

  /// The elements along an axis from the smallest to the largest, or the other way; NaN is the largest.
  ///
  /// Differentiable: each gradient goes back to the place its element came from.
  public func sorted(axis: Int = -1, descending: Bool = false) -> Tensor {
    gatheredElements(at: argSorted(axis: axis, descending: descending), axis: axis)
  }

  /// The `k` largest (or smallest) elements along an axis in order, and their positions (i64).
  ///
  /// - Precondition: `k` is at most the extent of the axis.
  public func topK(_ k: Int, axis: Int = -1, largest: Bool = true) -> (values: Tensor, indices: Tensor) {
    guard let axis = resolvedAxis(axis, "topK") else { return (self, self) }
    guard k >= 0, k <= shape[axis] else {
      let problem = "topK: \(k) elements of axis \(axis), which has \(shape[axis])"
      let standIn = Diagnostics.fail(ShapeError(problem), like: type)
      return (standIn, standIn)
    }
    let indices = argSorted(axis: axis, descending: largest).sliced(axis: axis, from: 0, count: k)
    return (gatheredElements(at: indices, axis: axis), indices)
  }

  /// Running sums along an axis; with `reverse` from the last element to the first.
  public func cumulativeSum(axis: Int, reverse: Bool = false) -> Tensor {
    guard let axis = resolvedAxis(axis, "cumulativeSum") else { return self }
    return Tensor.record(CumulativeSum(axis: axis, reverse: reverse), [self])
  }

  /// Running products along an axis: one multiplication of slices for each position, right also where elements are 0.
  public func cumulativeProduct(axis: Int) -> Tensor {
    guard let axis = resolvedAxis(axis, "cumulativeProduct"), shape[axis] > 1 else { return self }
    var products = [sliced(axis: axis, from: 0, count: 1)]
    for position in 1..<shape[axis] {
      products.append(products[position - 1] * sliced(axis: axis, from: position, count: 1))
    }
    return concatenate(products, axis: axis)
  }

  /// 1 at the position each integer names along a new last axis of `depth` positions, 0 elsewhere.
  ///
  /// `[2, 0]` with depth 3 becomes `[[0, 0, 1], [1, 0, 0]]`. A number outside `0..<depth` gives only zeros.
  public func oneHot(depth: Int, dtype: DType = .float32) -> Tensor {
    guard dtype != .bool else { return oneHot(depth: depth, dtype: .uint8).cast(to: .bool) }
    guard self.dtype.isInteger, depth >= 0 else {
      let problem = "oneHot(depth: \(depth)): needs integers and a depth of at least 0, got \(type)"
      return Diagnostics.fail(ShapeError(problem), like: type)
    }
    let positions = self.dtype == .uint8 ? cast(to: .int32) : self
    let classes = Tensor.record(Iota(shape: [depth], axis: 0, dtype: positions.dtype), [])
    return (positions.expandingShape(at: -1) .== classes).cast(to: dtype)
  }
}

/// The logarithm of the sum of exponentials along axes, which disappear; no overflow, and -infinity is no trouble.
public func logSumExp(_ x: Tensor, squeezingAxes axes: [Int]) -> Tensor {
  let kept = logSumExp(x, alongAxes: axes)
  guard let axes = x.resolvedAxes(axes) else { return kept }
  return kept.reshaped(to: x.shape.removing(axes: axes))
}

/// The logarithm of the sum of exponentials of all elements, a scalar.
public func logSumExp(_ x: Tensor) -> Tensor { logSumExp(x, squeezingAxes: Array(0..<x.rank)) }

/// The logarithm of the sum of exponentials along axes, which stay with extent 1.
public func logSumExp(_ x: Tensor, alongAxes axes: [Int]) -> Tensor {
  let largest = x.reduced(.maximum, alongAxes: axes).stoppingGradient()
  // Nothing to subtract where every element is -infinity or one is infinite.
  let shift = largest.selected(where: largest.isFinite, otherwise: Tensor.scalar(0, dtype: x.dtype))
  return log(exp(x - shift).sum(alongAxes: axes)) + shift
}
