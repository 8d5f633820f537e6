import ApusTensor

extension Operators {
  /// Conversions between element types.
  static let conversions: [String: Operator] = [
    "Cast": Operator { context in
      let element = try ONNXElement.readable(Int32(truncatingIfNeeded: context.int("to", 0))).0
      return [try converted(try context.value(0), to: element)]
    },
    "CastLike": Operator { [try converted(try $0.value(0), to: try $0.value(1).element)] },
  ]

  /// Integers are cut off; what a narrow type cannot hold wraps around. Half precision is kept in single precision.
  static func converted(_ value: ONNXValue, to element: ONNXElement) throws -> ONNXValue {
    guard let x = value.tensor, let dtype = element.dtype else {
      throw OperatorError("cannot convert to \(element)")
    }
    if [.float8e4m3, .float8e5m2, .float8e8m0, .bfloat16].contains(element), value.element != element {
      throw OperatorError("rounding to \(element) is not supported")
    }
    guard element != value.element, dtype.isInteger, let bounds = element.bounds, value.element != .bool else {
      return ONNXValue(x.cast(to: dtype), element: element)
    }
    // The lowest bits are kept, as a conversion in C keeps them.
    let whole = x.cast(to: .int64)
    let range = Tensor(repeating: bounds.1 - bounds.0 + 1, shape: [], dtype: .int64)
    let low = Tensor(repeating: bounds.0, shape: [], dtype: .int64)
    return ONNXValue(((whole - low).flooredRemainder(dividingBy: range) + low).cast(to: dtype), element: element)
  }
}
