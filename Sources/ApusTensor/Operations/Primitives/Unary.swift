#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Functions of one element.
package enum UnaryFunction: UInt8, Sendable, CaseIterable {
  case negate, absolute, sign, exponential, exponentialMinusOne, logarithm, logarithmOnePlus
  case squareRoot, reciprocalSquareRoot, reciprocal, sine, cosine, tangent, hyperbolicTangent, sigmoid, arcTangent
  case errorFunction, floor, ceiling, round, rectify, square
  case logicalNot, isNaN, isFinite

  /// The name used in dumps.
  package var name: String {
    switch self {
    case .negate: "neg"
    case .absolute: "abs"
    case .sign: "sign"
    case .exponential: "exp"
    case .exponentialMinusOne: "expm1"
    case .logarithm: "log"
    case .logarithmOnePlus: "log1p"
    case .squareRoot: "sqrt"
    case .reciprocalSquareRoot: "rsqrt"
    case .reciprocal: "reciprocal"
    case .sine: "sin"
    case .cosine: "cos"
    case .tangent: "tan"
    case .hyperbolicTangent: "tanh"
    case .sigmoid: "sigmoid"
    case .arcTangent: "atan"
    case .errorFunction: "erf"
    case .floor: "floor"
    case .ceiling: "ceil"
    case .round: "round"
    case .rectify: "relu"
    case .square: "square"
    case .logicalNot: "not"
    case .isNaN: "isnan"
    case .isFinite: "isfinite"
    }
  }

  /// Whether the result is a truth value.
  package var isPredicate: Bool { self == .logicalNot || self == .isNaN || self == .isFinite }

  /// Whether integers are admitted.
  package var admitsIntegers: Bool {
    switch self {
    case .negate, .absolute, .sign, .rectify, .square: true
    default: false
    }
  }

  /// The value in double precision.
  package func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x > 0 ? 1 : (x < 0 ? -1 : (x.isNaN ? x : 0))
    case .exponential: exp(x)
    case .exponentialMinusOne: expm1(x)
    case .logarithm: log(x)
    case .logarithmOnePlus: log1p(x)
    case .squareRoot: sqrt(x)
    case .reciprocalSquareRoot: 1 / sqrt(x)
    case .reciprocal: 1 / x
    case .sine: sin(x)
    case .cosine: cos(x)
    case .tangent: tan(x)
    case .hyperbolicTangent: tanh(x)
    case .sigmoid: x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
    case .arcTangent: atan(x)
    case .errorFunction: erf(x)
    case .floor: x.rounded(.down)
    case .ceiling: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .rectify: x > 0 ? x : (x.isNaN ? x : 0)
    case .square: x * x
    case .logicalNot: x == 0 ? 1 : 0
    case .isNaN: x.isNaN ? 1 : 0
    case .isFinite: x.isFinite ? 1 : 0
    }
  }

  /// dL/dx from dL/dy (`g`), the input `x` and the output `y`; nil where the derivative is zero everywhere.
  func gradient(_ g: Tensor, x: Tensor, y: Tensor) -> Tensor? {
    switch self {
    case .negate: -g
    case .absolute: g * x.sign()
    case .exponential: g * y
    case .exponentialMinusOne: g * (y + 1)
    case .logarithm: g / x
    case .logarithmOnePlus: g / (x + 1)
    case .squareRoot: g * 0.5 / y
    case .reciprocalSquareRoot: g * -0.5 * (y * y * y)
    case .reciprocal: -(g * y * y)
    case .sine: g * cos(x)
    case .cosine: -(g * sin(x))
    case .tangent: g * (y * y + 1)
    case .hyperbolicTangent: g * (1 - y * y)
    case .sigmoid: g * (y * (1 - y))
    case .arcTangent: g / (x * x + 1)
    case .errorFunction: g * exp(-(x * x)) * 1.1283791670955126  // 2 / sqrt(pi)
    case .rectify: (g.dtype == .float32 ? Self.rectifierGradient32 : Self.rectifierGradient64)([y, g], scalars: [])[0]
    case .square: g * x * 2
    case .sign, .floor, .ceiling, .round, .logicalNot, .isNaN, .isFinite: nil
    }
  }

  private static let rectifierGradient32 = rectifierGradient(.float32)
  private static let rectifierGradient64 = rectifierGradient(.float64)

  /// g where y is positive, else 0: one recorded operation for the gradient that networks ask for most.
  private static func rectifierGradient(_ dtype: DType) -> ElementwiseFunction {
    ElementwiseFunction(of: [dtype, dtype], scalars: []) { values, _ in
      [Tensor.record(Select(), [values[0] .> 0, values[1], Tensor.scalar(0, dtype: dtype)])]
    }
  }
}

/// A function of each element.
package struct Unary: Primitive {
  package var function: UnaryFunction

  package init(_ function: UnaryFunction) { self.function = function }

  package var name: String { function.name }

  package func encode(into key: inout PlanKey) { key.add(Int(function.rawValue)) }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let dtype = inputs[0].dtype
    if function == .logicalNot {
      guard dtype == .bool else { throw ShapeError("needs truth values, got \(dtype)") }
      return [inputs[0]]
    }
    guard dtype.isFloatingPoint || (function.admitsIntegers && dtype.isInteger) else {
      throw ShapeError("is not defined for \(dtype); convert with cast(to: .float32) first")
    }
    return [TensorType(inputs[0].shape, function.isPredicate ? .bool : dtype)]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    [function.gradient(context.outputGradient, x: context.inputs[0], y: context.outputs[0])]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    outputs[0].store(inputs[0].doubles().map { function($0) })
  }
}
