/// How far an analytic gradient lies from central differences, and where it is farthest.
public struct GradientCheck: Sendable, CustomStringConvertible {
  /// The largest `|analytic - numeric| / max(1, |analytic|, |numeric|)`; infinite when one is not a number.
  public var worstError: Double
  /// The tensor, among the arguments, that the worst element belongs to.
  public var tensor: Int
  /// The element's position along each axis of that tensor.
  public var index: [Int]
  /// The gradient's element as the rules compute it.
  public var analytic: Double
  /// The same element by central differences.
  public var numeric: Double
  /// The largest error that passes.
  public var tolerance: Double

  /// Whether every element lies within the tolerance.
  public var passes: Bool { worstError <= tolerance }

  /// For example `passes: worst error 2.1e-10 at [0, 3] of tensor 1: analytic 0.5, numeric 0.5 (tolerance 1e-06)`.
  public var description: String {
    "\(passes ? "passes" : "fails"): worst error \(worstError) at \(index) of tensor \(tensor): analytic \(analytic), "
      + "numeric \(numeric) (tolerance \(tolerance))"
  }
}

/// Compares the gradient of a function with central differences in f64, element by element.
///
/// The function may use any operations, composites and layers; a result of several elements is multiplied by fixed
/// pseudo-random weights and summed, so that each element counts. Two evaluations for each element: use small tensors.
///
/// ```swift
/// let check = checkGradients(at: [x, w], of: { matmul($0[0], $0[1]).squared() })
/// assert(check.passes, "\(check)")
/// ```
/// - Parameters:
///   - xs: where; converted to f64. Integer and bool tensors are passed on unchanged.
///   - body: the function; it must be smooth near `xs` (no kink within `step`) and draw no new random numbers.
///   - tolerance: the largest `|analytic - numeric| / max(1, |analytic|, |numeric|)` that passes.
///   - step: the distance of the differences, relative to max(1, |x|).
public func checkGradients(
  at xs: [Tensor], of body: ([Tensor]) -> Tensor, tolerance: Double = 1e-6, step: Double = 1e-5
) -> GradientCheck {
  let points = xs.map { $0.dtype.isFloatingPoint ? $0.cast(to: .float64) : $0 }
  func scalar(_ arguments: [Tensor]) -> Tensor {
    let value = body(arguments)
    let weights = (0..<value.count).map { 0.5 + Double(($0 &* 2_654_435_761) % 1000) / 1000 }
    return (value.cast(to: .float64) * Tensor(weights, shape: value.shape)).sum()
  }
  let floating = points.indices.filter { points[$0].dtype.isFloatingPoint }
  let gradients = gradient(at: floating.map { points[$0] }) { variables in
    var arguments = points
    for (position, index) in floating.enumerated() { arguments[index] = variables[position] }
    return scalar(arguments)
  }
  realize(gradients)
  var report = GradientCheck(
    worstError: 0, tensor: 0, index: [], analytic: 0, numeric: 0, tolerance: tolerance)
  for (position, tensor) in floating.enumerated() {
    let shape = points[tensor].shape
    let values = points[tensor].scalars(as: Double.self)
    let analytic = gradients[position].scalars(as: Double.self)
    for element in values.indices {
      let distance = step * max(1, abs(values[element]))
      func value(_ offset: Double) -> Double {
        var moved = values
        moved[element] += offset
        var arguments = points
        arguments[tensor] = Tensor(moved, shape: shape)
        return scalar(arguments).item()
      }
      let numeric = (value(distance) - value(-distance)) / (2 * distance)
      let scale = max(1, abs(analytic[element]), abs(numeric))
      let difference = abs(analytic[element] - numeric) / scale
      let error = difference.isNaN ? Double.infinity : difference
      if error > report.worstError || report.index.isEmpty && tensor == floating.first && element == 0 {
        report.worstError = error
        report.tensor = tensor
        report.index = shape.rowMajorStrides.enumerated().map { element / $1 % shape[$0] }
        report.analytic = analytic[element]
        report.numeric = numeric
      }
    }
  }
  return report
}

/// Compares the gradient of a function of one tensor with central differences in f64; see
/// ``checkGradients(at:of:tolerance:step:)-([Tensor],_,_,_)``.
public func checkGradients(
  at x: Tensor, of body: (Tensor) -> Tensor, tolerance: Double = 1e-6, step: Double = 1e-5
) -> GradientCheck {
  checkGradients(at: [x], of: { body($0[0]) }, tolerance: tolerance, step: step)
}
