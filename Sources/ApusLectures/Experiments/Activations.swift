import Apus

/// Figures 2 and 3 of the notes: activation functions, and their derivatives as Apus takes them.
public struct ActivationsLecture: LectureExperiment {
  /// The name of the command.
  public let name = "activations"
  /// One line.
  public let title = "Activation functions and their derivatives"
  /// The place.
  public let source = "notes, section 2.1, figures 2 and 3; derivatives of section 2.4.3"

  /// Points on the axis from -6 to 6.
  public var points: Int

  /// The experiment.
  public init(points: Int = 601) { self.points = points }

  private struct Curve {
    let name: String
    let y: [Double]
    let slope: [Double]
  }

  /// The functions of section 2.1 in its order; the last is `max(x, 0) + alpha min(x, 0)`.
  private let functions: [(name: String, apply: @Sendable (Tensor) -> Tensor)] = [
    ("identity", { $0 }),
    ("sigmoid", { sigmoid($0) }),
    ("tanh", { tanh($0) }),
    ("hard threshold", { ($0 .> 0).cast(to: $0.dtype) }),
    ("ReLU", { relu($0) }),
    ("leaky ReLU, alpha 0.1", { leakyReLU($0, slope: 0.1) }),
  ]

  /// Draws the curves.
  public func run(seed: UInt64) throws -> LectureResult {
    let x = Tensor.linspace(from: -6, through: 6, count: points, dtype: .float64)
    let curves = functions.map { name, phi in
      // One gradient gives every derivative: the sum's slope at x_i is phi'(x_i).
      let slope = gradient(at: x) { phi($0).sum() }
      return Curve(name: name, y: phi(x).scalars(), slope: slope.scalars())
    }

    // The notes' formulas: phi' = phi (1 - phi) for the sigmoid, phi' = 1 - phi^2 for tanh.
    let (sigmoid, tanh, threshold, relu, leaky) = (curves[1], curves[2], curves[3], curves[4], curves[5])
    let formulaError = max(
      zip(sigmoid.y, sigmoid.slope).map { $1 - $0 * (1 - $0) }.largestMagnitude,
      zip(tanh.y, tanh.slope).map { $1 - (1 - $0 * $0) }.largestMagnitude)

    let axis: [Double] = x.scalars()
    let (left, middle, right) = (0, points / 2, points - 1)
    let table = LectureTable(
      ["function", "phi(-6)", "phi'(-6)", "phi(0)", "phi'(0)", "phi(6)", "phi'(6)", "largest phi'"],
      curves.map { curve in
        let ends = [left, middle, right].flatMap { [curve.y[$0].short, curve.slope[$0].short] }
        return [curve.name] + ends + [(curve.slope.max() ?? 0).short]
      })
    let values = [
      "sigmoid_largest_derivative": sigmoid.slope.max() ?? 0, "sigmoid_derivative_at_6": sigmoid.slope[right],
      "tanh_derivative_at_0": tanh.slope[middle], "tanh_derivative_at_6": tanh.slope[right],
      "relu_derivative_at_-6": relu.slope[left], "relu_derivative_at_6": relu.slope[right],
      "largest_difference_from_formulas": formulaError,
    ]
    let paragraph = """
      The activation functions of section 2.1 and their derivatives on [-6, 6], which Apus took by its own gradient. For \
      the sigmoid and tanh they differ from the formulas phi (1 - phi) and 1 - phi^2 of section 2.4.3 by at most \
      \(formulaError.short). The derivative of the sigmoid (figure 3) is at most \((sigmoid.slope.max() ?? 0).short) and \
      \(sigmoid.slope[right].short) at 6, that of tanh \(tanh.slope[middle].short) at 0 and \(tanh.slope[right].short) at 6. \
      The derivative of the ReLU is \(relu.slope[left].short) at -6 and \(relu.slope[right].short) at 6; the leaky ReLU has \
      the slope \(leaky.slope[left].short) at -6. The hard threshold's largest derivative is \
      \(threshold.slope.largestMagnitude.short), so that gradients cannot train through it.
      """
    let claims = [
      LectureClaim(
        "the derivatives are phi (1 - phi) for the sigmoid and 1 - phi^2 for tanh", when: formulaError < 1e-12),
      LectureClaim(
        "the sigmoid's gradient is very close to 0 when |x| is not close to 0 (at most 1/4 anywhere, below 0.01 at 6)",
        when: (sigmoid.slope.max() ?? 1) <= 0.25 && sigmoid.slope[right] < 0.01 && sigmoid.slope[left] < 0.01),
      LectureClaim(
        "the ReLU and its derivative are 0 for negative values",
        when: (0..<middle).allSatisfy { relu.y[$0] == 0 && relu.slope[$0] == 0 }),
      LectureClaim(
        "for max(x, 0) + alpha min(x, 0) the derivative is not 0 for x < 0",
        when: (0..<middle).allSatisfy { leaky.slope[$0] > 0 }),
    ]
    return LectureResult(
      tables: [table], drawings: [figure2(axis, curves), figure3(axis, sigmoid)], paragraph: paragraph, claims: claims,
      values: values)
  }

  /// Figure 2: all functions, and beside them their derivatives.
  private func figure2(_ x: [Double], _ curves: [Curve]) -> LectureResult.Drawing {
    // Dashes let the lines below shine through where functions agree.
    let dashes: [Series.Dash] = [.solid, .solid, .solid, .solid, .dashed, .dotted]
    func lines(_ y: (Curve) -> [Double]) -> [Series] {
      zip(curves, dashes).map { curve, dash in .line(curve.name, x: x, y: y(curve), dash: dash, markers: false) }
    }
    let panels = [
      Panel("phi(x)", x: Axis("x"), y: Axis(from: -2, to: 3), legend: .shared, series: lines(\.y)),
      Panel("phi'(x)", x: Axis("x"), y: Axis(from: -0.1, to: 1.2), legend: .shared, series: lines(\.slope)),
    ]
    return .init(
      "figure-2", Figure("Activation functions and derivatives", columns: 2, panelSize: .lecture, panels: panels))
  }

  /// Figure 3: the sigmoid in black and its derivative in red.
  private func figure3(_ x: [Double], _ sigmoid: Curve) -> LectureResult.Drawing {
    let series: [Series] = [
      .line("sigmoid", x: x, y: sigmoid.y, markers: false, color: .ink),
      .line("its derivative", x: x, y: sigmoid.slope, markers: false, color: .vermilion),
    ]
    return .init("figure-3", Figure("The sigmoid and its derivative", x: Axis("x"), legend: .topLeft, series: series))
  }
}
