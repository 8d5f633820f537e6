// Tensors made of a rule: counting, identity, products of vectors, norms, and further functions of elements.

extension Tensor {
  /// 0, 1, 2, ... up to `count - 1`.
  public static func arange(_ count: Int, dtype: DType = .float32) -> Tensor {
    Tensor.record(Iota(shape: [Swift.max(count, 0)], axis: 0, dtype: dtype), [])
  }

  /// Numbers from `start` up to but not including `end` at distances of `step`.
  ///
  /// - Precondition: `step` is not zero.
  public static func arange(from start: Double, to end: Double, by step: Double = 1, dtype: DType = .float32) -> Tensor
  {
    guard step != 0, ((end - start) / step).isFinite else {
      return Diagnostics.fail(ShapeError("arange: from \(start) to \(end) by \(step) is not possible"), like: nil)
    }
    let count = Int(((end - start) / step).rounded(.up))
    if !dtype.isFloatingPoint {
      return arange(from: start, to: end, by: step, dtype: .float64).cast(to: dtype)
    }
    return arange(count, dtype: dtype) * step + start
  }

  /// `count` numbers at equal distances, the first `start` and the last `end`.
  public static func linspace(from start: Double, through end: Double, count: Int, dtype: DType = .float32) -> Tensor {
    guard count > 0, dtype.isFloatingPoint else {
      return Diagnostics.fail(ShapeError("linspace: needs at least one number of type f32 or f64"), like: nil)
    }
    let positions = arange(count, dtype: .float64)
    let step = count > 1 ? (end - start) / Double(count - 1) : 0
    let values = positions * step + start
    // The last number is exact.
    let last = Tensor.record(Select(), [positions .== Double(count - 1), Tensor.scalar(end, dtype: .float64), values])
    return (count > 1 ? last : values).cast(to: dtype)
  }

  /// The matrix with ones on its main diagonal and zeros elsewhere; square unless `columns` is given.
  public static func eye(_ rows: Int, columns: Int? = nil, dtype: DType = .float32) -> Tensor {
    arange(Swift.max(rows, 0), dtype: .int64).oneHot(depth: columns ?? rows, dtype: dtype)
  }

  /// The Euclidean norm of all elements, `sqrt(sum(x^2))`; its gradient at zero is zero.
  public func norm() -> Tensor { norm(squeezingAxes: Array(0..<rank)) }

  /// Euclidean norms along axes, which disappear.
  public func norm(squeezingAxes axes: [Int]) -> Tensor {
    let kept = norm(alongAxes: axes)
    guard let axes = resolvedAxes(axes) else { return kept }
    return kept.reshaped(to: shape.removing(axes: axes))
  }

  /// Euclidean norms along axes, which stay with extent 1.
  public func norm(alongAxes axes: [Int]) -> Tensor {
    let squares = squared().sum(alongAxes: axes)
    let isZero = squares .== 0
    let safe = Tensor.record(Select(), [isZero, Tensor.scalar(1, dtype: dtype), squares])
    return Tensor.record(Select(), [isZero, Tensor.scalar(0, dtype: dtype), sqrt(safe)])
  }

  /// The quotient rounded toward negative infinity, for integers and floating point, as Python's `//`.
  public func flooredQuotient(dividingBy other: Tensor) -> Tensor {
    if dtype.isFloatingPoint { return floor(self / other) }
    let remainder = remainder(dividingBy: other)
    let isBelow = (remainder .!= 0) .&& (remainder .< 0).exclusiveOr(other .< 0)
    return self / other - isBelow.cast(to: dtype)
  }

  /// The remainder with the sign of the divisor, as Python's `%`.
  public func flooredRemainder(dividingBy other: Tensor) -> Tensor {
    let remainder = remainder(dividingBy: other)
    let isBelow = (remainder .!= 0) .&& (remainder .< 0).exclusiveOr(other .< 0)
    return Tensor.record(Select(), [isBelow, remainder + other, remainder])
  }

  /// Whether every element is close to its partner: `|a - b| <= absolute + relative |b|`. NaN is close to NaN.
  ///
  /// Computes both tensors. Shapes that differ are not close.
  public func isAlmostEqual(to other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8) -> Bool {
    guard shape == other.shape else { return false }
    realize(self, other)
    return zip(scalars(as: Double.self), other.scalars(as: Double.self)).allSatisfy { a, b in
      a == b || (a.isNaN && b.isNaN) || Swift.abs(a - b) <= absolute + relative * Swift.abs(b)
    }
  }
}

/// The outer product of two vectors: `[M]` and `[N]` give `[M, N]` with `result[i, j] = a[i] * b[j]`.
public func outer(_ a: Tensor, _ b: Tensor) -> Tensor {
  guard a.rank == 1, b.rank == 1 else {
    return Diagnostics.fail(ShapeError("outer(\(a.type), \(b.type)): needs two vectors"), like: a.type)
  }
  return a.expandingShape(at: 1) * b
}

/// The hyperbolic sine of each element, accurate near 0.
public func sinh(_ x: Tensor) -> Tensor { (expm1(x) - expm1(-x)) * 0.5 }
/// The hyperbolic cosine of each element.
public func cosh(_ x: Tensor) -> Tensor { (exp(x) + exp(-x)) * 0.5 }
/// The logarithm of each element to base 2.
public func log2(_ x: Tensor) -> Tensor { log(x) * 1.4426950408889634 }
/// The logarithm of each element to base 10.
public func log10(_ x: Tensor) -> Tensor { log(x) * 0.4342944819032518 }
