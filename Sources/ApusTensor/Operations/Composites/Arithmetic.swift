// Operators and functions of one and two elements. Shapes broadcast as in NumPy: aligned from the right, every axis
// equal or 1. A Swift number takes the element type of the tensor beside it.

infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .&& : LogicalConjunctionPrecedence
infix operator .|| : LogicalDisjunctionPrecedence

extension Tensor {
  private func scalar(_ value: Double) -> Tensor { Tensor.scalar(value, dtype: dtype) }
  private static func binary(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor) -> Tensor {
    record(Binary(function), [a, b])
  }
  private func unary(_ function: UnaryFunction) -> Tensor { Tensor.record(Unary(function), [self]) }

  /// The sum of each pair of elements.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b) }
  /// The difference of each pair of elements.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b) }
  /// The product of each pair of elements; see ``matmul(_:_:)`` for the matrix product.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b) }
  /// The quotient of each pair of elements; integers truncate toward zero.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b) }
  /// Adds a number to each element.
  public static func + (a: Tensor, b: Double) -> Tensor { binary(.add, a, a.scalar(b)) }
  /// Subtracts a number from each element.
  public static func - (a: Tensor, b: Double) -> Tensor { binary(.subtract, a, a.scalar(b)) }
  /// Multiplies each element by a number.
  public static func * (a: Tensor, b: Double) -> Tensor { binary(.multiply, a, a.scalar(b)) }
  /// Divides each element by a number.
  public static func / (a: Tensor, b: Double) -> Tensor { binary(.divide, a, a.scalar(b)) }
  /// Adds each element to a number.
  public static func + (a: Double, b: Tensor) -> Tensor { binary(.add, b.scalar(a), b) }
  /// Subtracts each element from a number.
  public static func - (a: Double, b: Tensor) -> Tensor { binary(.subtract, b.scalar(a), b) }
  /// Multiplies a number by each element.
  public static func * (a: Double, b: Tensor) -> Tensor { binary(.multiply, b.scalar(a), b) }
  /// Divides a number by each element.
  public static func / (a: Double, b: Tensor) -> Tensor { binary(.divide, b.scalar(a), b) }
  /// Each element with its sign changed.
  public static prefix func - (a: Tensor) -> Tensor { a.unary(.negate) }
  /// Replaces the tensor by a sum.
  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  /// Replaces the tensor by a difference.
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  /// Replaces the tensor by a product.
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  /// Replaces the tensor by a quotient.
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }

  /// Whether each element is less than its partner.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { binary(.less, a, b) }
  /// Whether each element is at most its partner.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { binary(.lessOrEqual, a, b) }
  /// Whether each element is greater than its partner.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { binary(.greater, a, b) }
  /// Whether each element is at least its partner.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { binary(.greaterOrEqual, a, b) }
  /// Whether each element equals its partner; NaN equals nothing.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { binary(.equal, a, b) }
  /// Whether each element differs from its partner; NaN differs from everything.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { binary(.notEqual, a, b) }
  /// Whether each element is less than a number.
  public static func .< (a: Tensor, b: Double) -> Tensor { binary(.less, a, a.scalar(b)) }
  /// Whether each element is at most a number.
  public static func .<= (a: Tensor, b: Double) -> Tensor { binary(.lessOrEqual, a, a.scalar(b)) }
  /// Whether each element is greater than a number.
  public static func .> (a: Tensor, b: Double) -> Tensor { binary(.greater, a, a.scalar(b)) }
  /// Whether each element is at least a number.
  public static func .>= (a: Tensor, b: Double) -> Tensor { binary(.greaterOrEqual, a, a.scalar(b)) }
  /// Whether each element equals a number.
  public static func .== (a: Tensor, b: Double) -> Tensor { binary(.equal, a, a.scalar(b)) }
  /// Whether each element differs from a number.
  public static func .!= (a: Tensor, b: Double) -> Tensor { binary(.notEqual, a, a.scalar(b)) }
  /// Whether both truth values hold.
  public static func .&& (a: Tensor, b: Tensor) -> Tensor { binary(.and, a, b) }
  /// Whether at least one truth value holds.
  public static func .|| (a: Tensor, b: Tensor) -> Tensor { binary(.or, a, b) }
  /// Each truth value negated.
  public static prefix func ! (a: Tensor) -> Tensor { a.unary(.logicalNot) }

  /// -1, 0 or 1 by the sign of each element; NaN stays NaN.
  public func sign() -> Tensor { unary(.sign) }
  /// The square of each element.
  public func squared() -> Tensor { unary(.square) }
  /// 1/x.
  public func reciprocal() -> Tensor { unary(.reciprocal) }
  /// 1/sqrt(x).
  public func reciprocalSquareRoot() -> Tensor { unary(.reciprocalSquareRoot) }
  /// The nearest whole number, ties to even.
  public func rounded() -> Tensor { unary(.round) }
  /// Whether each element is not a number.
  public var isNaN: Tensor { unary(.isNaN) }
  /// Whether each element is neither infinite nor NaN.
  public var isFinite: Tensor { unary(.isFinite) }

  /// Each element limited to `[lower, upper]`; NaN stays NaN.
  ///
  /// The gradient passes where the element lies inside the range or exactly at one of its bounds, as in PyTorch.
  public func clamped(to range: ClosedRange<Double>) -> Tensor {
    clamped(above: range.lowerBound).clamped(below: range.upperBound)
  }

  /// Each element, or `lower` where the element is less; NaN stays NaN. The gradient passes at the bound.
  public func clamped(above lower: Double) -> Tensor {
    let bound = scalar(lower)
    return Tensor.record(Select(), [Tensor.binary(.less, self, bound), bound, self])
  }

  /// Each element, or `upper` where the element is greater; NaN stays NaN. The gradient passes at the bound.
  public func clamped(below upper: Double) -> Tensor {
    let bound = scalar(upper)
    return Tensor.record(Select(), [Tensor.binary(.greater, self, bound), bound, self])
  }

  /// The remainder of division with the sign of the dividend, as C's `fmod`.
  public func remainder(dividingBy other: Tensor) -> Tensor { Tensor.binary(.remainder, self, other) }
  /// Whether exactly one of two truth values holds.
  public func exclusiveOr(_ other: Tensor) -> Tensor { Tensor.binary(.exclusiveOr, self, other) }

  /// The tensor repeated to a larger shape: aligned from the right, axes of extent 1 are stretched.
  public func broadcast(to shape: Shape) -> Tensor {
    shape == self.shape ? self : Tensor.record(Broadcast(shape: shape), [self])
  }
}

/// The absolute value of each element; the gradient at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { Tensor.record(Unary(.absolute), [x]) }
/// The exponential of each element.
public func exp(_ x: Tensor) -> Tensor { Tensor.record(Unary(.exponential), [x]) }
/// exp(x) - 1, accurate near 0.
public func expm1(_ x: Tensor) -> Tensor { Tensor.record(Unary(.exponentialMinusOne), [x]) }
/// The natural logarithm of each element.
public func log(_ x: Tensor) -> Tensor { Tensor.record(Unary(.logarithm), [x]) }
/// log(1 + x), accurate near 0.
public func log1p(_ x: Tensor) -> Tensor { Tensor.record(Unary(.logarithmOnePlus), [x]) }
/// The square root of each element.
public func sqrt(_ x: Tensor) -> Tensor { Tensor.record(Unary(.squareRoot), [x]) }
/// The sine of each element, in radians.
public func sin(_ x: Tensor) -> Tensor { Tensor.record(Unary(.sine), [x]) }
/// The cosine of each element, in radians.
public func cos(_ x: Tensor) -> Tensor { Tensor.record(Unary(.cosine), [x]) }
/// The tangent of each element, in radians.
public func tan(_ x: Tensor) -> Tensor { Tensor.record(Unary(.tangent), [x]) }
/// The arc tangent of each element, in radians.
public func atan(_ x: Tensor) -> Tensor { Tensor.record(Unary(.arcTangent), [x]) }
/// The angle of the point (x, y), in radians.
public func atan2(_ y: Tensor, _ x: Tensor) -> Tensor { Tensor.record(Binary(.arcTangent2), [y, x]) }
/// The Gauss error function of each element.
public func erf(_ x: Tensor) -> Tensor { Tensor.record(Unary(.errorFunction), [x]) }
/// The largest whole number not above each element.
public func floor(_ x: Tensor) -> Tensor { Tensor.record(Unary(.floor), [x]) }
/// The smallest whole number not below each element.
public func ceil(_ x: Tensor) -> Tensor { Tensor.record(Unary(.ceiling), [x]) }
/// The larger of each pair; NaN if either is NaN. Equal elements share the gradient.
public func max(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.record(Binary(.maximum), [a, b]) }
/// The smaller of each pair; NaN if either is NaN. Equal elements share the gradient.
public func min(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.record(Binary(.minimum), [a, b]) }
/// The larger of each element and a number.
public func max(_ a: Tensor, _ b: Double) -> Tensor { max(a, Tensor.scalar(b, dtype: a.dtype)) }
/// The smaller of each element and a number.
public func min(_ a: Tensor, _ b: Double) -> Tensor { min(a, Tensor.scalar(b, dtype: a.dtype)) }
/// Each element raised to the power of its partner.
public func pow(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.record(Binary(.power), [a, b]) }
/// Each element raised to a power.
public func pow(_ a: Tensor, _ b: Double) -> Tensor { pow(a, Tensor.scalar(b, dtype: a.dtype)) }
/// A number raised to the power of each element.
public func pow(_ a: Double, _ b: Tensor) -> Tensor { pow(Tensor.scalar(a, dtype: b.dtype), b) }
