// Functions that make networks nonlinear. All work element by element on f32 and f64, keep the shape and are composites
// unless they say otherwise; a backend fuses each into one pass.

private func constant(_ value: Double, like x: Tensor) -> Tensor { Tensor.scalar(value, dtype: x.dtype) }

private func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  Tensor.record(Select(), [condition, a, b])
}

/// max(x, 0), the rectified linear unit; its derivative at 0 is 0. Reference: Nair and Hinton, 2010.
public func relu(_ x: Tensor) -> Tensor { Tensor.record(Unary(.rectify), [x]) }

/// 1 / (1 + exp(-x)), without overflow.
public func sigmoid(_ x: Tensor) -> Tensor { Tensor.record(Unary(.sigmoid), [x]) }

/// The hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { Tensor.record(Unary(.hyperbolicTangent), [x]) }

/// x P(Z <= x) for a standard normal Z: `x (1 + erf(x / sqrt(2))) / 2`. Reference: Hendrycks and Gimpel, 2016.
///
/// - Parameter usesTanh: whether to take the approximation `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
public func gelu(_ x: Tensor, usesTanh: Bool = false) -> Tensor {
  guard usesTanh else { return x * 0.5 * (erf(x * 0.5.squareRoot()) + 1) }
  let inner = (x + x * x * x * 0.044715) * (2 / Double.pi).squareRoot()
  return x * 0.5 * (tanh(inner) + 1)
}

/// x sigmoid(x), also called swish. Reference: Ramachandran, Zoph and Le, 2017.
public func silu(_ x: Tensor) -> Tensor { x * sigmoid(x) }

/// log(1 + exp(beta x)) / beta, a smooth relu; x itself where beta x exceeds `threshold`, as PyTorch does.
public func softplus(_ x: Tensor, beta: Double = 1, threshold: Double = 20) -> Tensor {
  let scaled = beta == 1 ? x : x * beta
  let isLinear = scaled .> threshold
  // The other branch never sees a large number, so that its derivative stays finite.
  let safe = select(isLinear, constant(0, like: x), scaled)
  let smooth = log1p(exp(safe))
  return select(isLinear, x, beta == 1 ? smooth : smooth / beta)
}

/// x where it is positive, `slope` times x elsewhere. Reference: Maas, Hannun and Ng, 2013.
public func leakyReLU(_ x: Tensor, slope: Double = 0.01) -> Tensor { select(x .> 0, x, x * slope) }

/// x where it is positive, a learnt slope for each channel (axis 1) times x elsewhere. Reference: He et al., 2015.
///
/// - Parameter slope: shape `[C]` for `[N, C, ...]`, or one element for all channels.
public func prelu(_ x: Tensor, slope: Tensor) -> Tensor {
  let perChannel =
    slope.count == 1 || x.rank < 2
    ? slope.reshaped(to: slope.count == 1 ? [] : slope.shape)
    : slope.reshaped(to: Shape((1..<x.rank).map { $0 == 1 ? slope.count : 1 }))
  return select(x .> 0, x, x * perChannel)
}

/// x where it is positive, `alpha (exp(x) - 1)` elsewhere. Reference: Clevert, Unterthiner and Hochreiter, 2016.
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor {
  let isPositive = x .> 0
  let safe = select(isPositive, constant(0, like: x), x)
  return select(isPositive, x, expm1(safe) * alpha)
}

/// The self-normalizing unit: `scale elu(x, alpha)` with fixed constants. Reference: Klambauer et al., 2017.
public func selu(_ x: Tensor) -> Tensor { elu(x, alpha: 1.6732632423543772) * 1.0507009873554805 }

/// x limited to a range, its derivative 0 at the bounds and outside.
public func hardTanh(_ x: Tensor, _ range: ClosedRange<Double> = -1...1) -> Tensor {
  let (low, high) = (constant(range.lowerBound, like: x), constant(range.upperBound, like: x))
  return select(x .<= low, low, select(x .>= high, high, x))
}

/// min(max(x, 0), 6). Reference: Howard et al., MobileNets, 2017.
public func relu6(_ x: Tensor) -> Tensor { hardTanh(x, 0...6) }

/// relu6(x + 3) / 6, a piecewise linear sigmoid.
public func hardSigmoid(_ x: Tensor) -> Tensor { relu6(x + 3) / 6 }

/// x relu6(x + 3) / 6. Reference: Howard et al., MobileNetV3, 2019.
public func hardSwish(_ x: Tensor) -> Tensor { x * hardSigmoid(x) }

/// x / (1 + |x|).
public func softSign(_ x: Tensor) -> Tensor { x / (abs(x) + 1) }

/// x tanh(softplus(x)). Reference: Misra, 2019.
public func mish(_ x: Tensor) -> Tensor { x * tanh(softplus(x)) }

/// log(sigmoid(x)), accurate for every x.
public func logSigmoid(_ x: Tensor) -> Tensor { min(x, 0) - log1p(exp(-abs(x))) }

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

/// `exp(x) / sum(exp(x))` along an axis: positive numbers that sum to 1. Large numbers do not overflow.
///
/// A primitive, so that a backend may compute each line in one pass.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  guard let axis = x.resolvedAxis(axis, "softmax") else { return x }
  return Tensor.record(Softmax(axis: axis, isLog: false), [x])
}

/// The logarithm of ``softmax(_:axis:)``, accurate where the softmax itself would round to 0. A primitive.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  guard let axis = x.resolvedAxis(axis, "logSoftmax") else { return x }
  return Tensor.record(Softmax(axis: axis, isLog: true), [x])
}
