/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// IEEE 754 binary32; the default for everything that learns.
  case float32
  /// IEEE 754 binary64; used by gradient checks and wherever precision matters more than speed.
  case float64
  /// 32-bit signed integers; class labels.
  case int32
  /// 64-bit signed integers; indices.
  case int64
  /// 8-bit unsigned integers; raw pixels.
  case uint8
  /// Truth values, stored as one byte 0 or 1.
  case bool

  /// Bytes an element occupies.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64: 8
    case .uint8, .bool: 1
    }
  }

  /// Whether the type is a floating-point type, and therefore differentiable.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// Whether the type is an integer type.
  public var isInteger: Bool { self == .int32 || self == .int64 || self == .uint8 }

  /// The short name used in messages and dumps: f32, f64, i32, i64, u8, bool.
  public var description: String {
    switch self {
    case .float32: "f32"
    case .float64: "f64"
    case .int32: "i32"
    case .int64: "i64"
    case .uint8: "u8"
    case .bool: "bool"
    }
  }
}

/// A Swift type that tensors can hold.
public protocol TensorScalar: Sendable, Hashable {
  /// The element type this Swift type corresponds to.
  static var dtype: DType { get }
  /// The value as a double, for printing and comparison; exact except for large 64-bit integers.
  var asDouble: Double { get }
  /// The nearest value of this type; integers truncate toward zero and saturate, `Bool` is `value != 0`.
  init(saturating value: Double)
}

extension Float: TensorScalar {
  /// 32-bit floating point.
  public static var dtype: DType { .float32 }
  /// The value as a double (exact).
  public var asDouble: Double { Double(self) }
  /// Rounds to nearest.
  public init(saturating value: Double) { self = Float(value) }
}

extension Double: TensorScalar {
  /// 64-bit floating point.
  public static var dtype: DType { .float64 }
  /// The value itself.
  public var asDouble: Double { self }
  /// The value itself.
  public init(saturating value: Double) { self = value }
}

extension FixedWidthInteger {
  fileprivate init(truncatingSaturating value: Double) {
    if value.isNaN {
      self = 0
    } else if value >= Double(Self.max) {
      self = .max
    } else if value <= Double(Self.min) {
      self = .min
    } else {
      self = Self(value)
    }
  }
}

extension Int32: TensorScalar {
  /// 32-bit signed integers.
  public static var dtype: DType { .int32 }
  /// The value as a double (exact).
  public var asDouble: Double { Double(self) }
  /// Truncates toward zero and saturates; NaN becomes 0.
  public init(saturating value: Double) { self.init(truncatingSaturating: value) }
}

extension Int64: TensorScalar {
  /// 64-bit signed integers.
  public static var dtype: DType { .int64 }
  /// The value as a double; exact up to 2^53.
  public var asDouble: Double { Double(self) }
  /// Truncates toward zero and saturates; NaN becomes 0.
  public init(saturating value: Double) { self.init(truncatingSaturating: value) }
}

extension UInt8: TensorScalar {
  /// 8-bit unsigned integers.
  public static var dtype: DType { .uint8 }
  /// The value as a double (exact).
  public var asDouble: Double { Double(self) }
  /// Truncates toward zero and saturates; NaN becomes 0.
  public init(saturating value: Double) { self.init(truncatingSaturating: value) }
}

extension Bool: TensorScalar {
  /// Truth values.
  public static var dtype: DType { .bool }
  /// 1 for true, 0 for false.
  public var asDouble: Double { self ? 1 : 0 }
  /// Whether the value is not zero.
  public init(saturating value: Double) { self = value != 0 }
}
