#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Functions of two elements.
package enum BinaryFunction: UInt8, Sendable, CaseIterable {
  case add, subtract, multiply, divide, maximum, minimum, power, arcTangent2, remainder
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
  case and, or, exclusiveOr

  /// The name used in dumps.
  package var name: String {
    switch self {
    case .add: "add"
    case .subtract: "sub"
    case .multiply: "mul"
    case .divide: "div"
    case .maximum: "max"
    case .minimum: "min"
    case .power: "pow"
    case .arcTangent2: "atan2"
    case .remainder: "rem"
    case .less: "lt"
    case .lessOrEqual: "le"
    case .greater: "gt"
    case .greaterOrEqual: "ge"
    case .equal: "eq"
    case .notEqual: "ne"
    case .and: "and"
    case .or: "or"
    case .exclusiveOr: "xor"
    }
  }

  /// Whether the result is a truth value of two numbers.
  package var isComparison: Bool {
    switch self {
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual: true
    default: false
    }
  }

  /// Whether the operands are truth values.
  package var isLogical: Bool { self == .and || self == .or || self == .exclusiveOr }

  /// Whether the order of the operands does not matter.
  package var isCommutative: Bool {
    switch self {
    case .add, .multiply, .maximum, .minimum, .equal, .notEqual, .and, .or, .exclusiveOr: true
    default: false
    }
  }

  /// The value in double precision.
  package func callAsFunction(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: a.isNaN ? a : (b.isNaN ? b : Swift.max(a, b))
    case .minimum: a.isNaN ? a : (b.isNaN ? b : Swift.min(a, b))
    case .power: pow(a, b)
    case .arcTangent2: atan2(a, b)
    case .remainder: fmod(a, b)
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    case .exclusiveOr: (a != 0) != (b != 0) ? 1 : 0
    }
  }

  /// The value in 64-bit integers, where doubles would lose low bits; wraps around, division by zero gives zero.
  package func callAsFunction(_ a: Int64, _ b: Int64) -> Int64 {
    switch self {
    case .add: a &+ b
    case .subtract: a &- b
    case .multiply: a &* b
    case .divide: b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
    case .maximum: Swift.max(a, b)
    case .minimum: Swift.min(a, b)
    case .remainder: b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .equal: a == b ? 1 : 0
    case .notEqual: a != b ? 1 : 0
    case .power, .arcTangent2, .and, .or, .exclusiveOr:
      Int64(saturating: callAsFunction(Double(a), Double(b)))
    }
  }
}

/// A function of pairs of elements, with broadcasting.
///
/// The gradient of `max` and `min` is shared equally where the two operands are equal, as in PyTorch.
package struct Binary: Primitive {
  package var function: BinaryFunction

  package init(_ function: BinaryFunction) { self.function = function }

  package var name: String { function.name }

  package func encode(into key: inout PlanKey) { key.add(Int(function.rawValue)) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype == inputs[1].dtype else {
      throw ShapeError("the element types differ; convert one operand with cast(to:)")
    }
    guard let shape = inputs[0].shape.broadcast(with: inputs[1].shape) else {
      throw ShapeError("the shapes do not broadcast; aligned from the right, every axis must be equal or 1")
    }
    let dtype = inputs[0].dtype
    if function.isLogical, dtype != .bool { throw ShapeError("needs truth values, got \(dtype)") }
    if !function.isLogical, !function.isComparison, dtype == .bool {
      throw ShapeError("arithmetic is not defined for bool; convert with cast(to:)")
    }
    if function == .arcTangent2 || function == .power, !dtype.isFloatingPoint {
      throw ShapeError("is not defined for \(dtype); convert with cast(to: .float32) first")
    }
    return [TensorType(shape, function.isComparison ? .bool : dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let g = context.outputGradient
    let (a, b, y) = (context.inputs[0], context.inputs[1], context.outputs[0])
    func whenNeeded(_ input: Int, _ value: () -> Tensor) -> Tensor? { context.needs[input] ? value() : nil }
    // All of the gradient where the condition holds, half of it where the operands are equal, else nothing.
    func shared(_ condition: Tensor) -> Tensor {
      let tied = Tensor.record(Select(), [a .== b, g * 0.5, Tensor.scalar(0, dtype: g.dtype)])
      return Tensor.record(Select(), [condition, g, tied])
    }
    switch function {
    case .add: return [g, g]
    case .subtract: return [g, whenNeeded(1) { -g }]
    case .multiply: return [whenNeeded(0) { g * b }, whenNeeded(1) { g * a }]
    case .divide: return [whenNeeded(0) { g / b }, whenNeeded(1) { -(g * y / b) }]
    case .maximum: return [whenNeeded(0) { shared(a .> b) }, whenNeeded(1) { shared(a .< b) }]
    case .minimum: return [whenNeeded(0) { shared(a .< b) }, whenNeeded(1) { shared(a .> b) }]
    case .power:
      let zero = Tensor.scalar(0, dtype: g.dtype)
      return [
        // 0 ^ (b - 1) times b must be 0 when b is 0.
        whenNeeded(0) { Tensor.record(Select(), [b .== zero, zero, g * (b * pow(a, b - 1))]) },
        whenNeeded(1) { Tensor.record(Select(), [a .== zero, zero, g * (y * log(a))]) },
      ]
    case .arcTangent2:
      return [whenNeeded(0) { g * b / (a * a + b * b) }, whenNeeded(1) { -(g * a / (a * a + b * b)) }]
    case .remainder: return [g, whenNeeded(1) { -(g * ((a - y) / b).rounded()) }]
    default: return [nil, nil]
    }
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let shape = outputs[0].shape
    let strides = inputs.map { $0.shape.broadcastStrides(to: shape) }
    if inputs[0].dtype.isInteger {
      let (a, b) = (inputs[0].integers(), inputs[1].integers())
      let offsets = Self.offsets(shape, strides[1])
      var values = [Int64](repeating: 0, count: shape.elementCount)
      StridedCopy.forEachOffset(shape: shape, strides: strides[0], offset: 0) {
        values[$0] = function(a[$1], b[offsets[$0]])
      }
      outputs[0].store(values)
    } else {
      let (a, b) = (inputs[0].doubles(), inputs[1].doubles())
      let offsets = Self.offsets(shape, strides[1])
      var values = [Double](repeating: 0, count: shape.elementCount)
      StridedCopy.forEachOffset(shape: shape, strides: strides[0], offset: 0) {
        values[$0] = function(a[$1], b[offsets[$0]])
      }
      outputs[0].store(values)
    }
  }

  private static func offsets(_ shape: Shape, _ strides: [Int]) -> [Int] {
    var list = [Int](repeating: 0, count: shape.elementCount)
    StridedCopy.forEachOffset(shape: shape, strides: strides, offset: 0) { list[$0] = $1 }
    return list
  }
}
