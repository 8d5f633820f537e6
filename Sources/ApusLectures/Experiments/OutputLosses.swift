import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a sigmoid output is trained with the cross-entropy and not with squares: the logarithm undoes its flat ends.
public struct OutputLossesLecture: LectureExperiment {
  /// The name of the command.
  public let name = "losses"
  /// One line.
  public let title = "Cross-entropy and squared error behind a sigmoid: the size of the gradient"
  /// The place.
  public let source = "notes, section 2.4.1"

  /// Points on the axis of a from -8 to 8.
  public var points: Int
  /// Steps of gradient descent on the single neuron.
  public var steps: Int

  /// The experiment.
  public init(points: Int = 321, steps: Int = 300) { (self.points, self.steps) = (points, steps) }

  private struct Outcome {
    let key: String
    let name: String
    /// The loss and its derivative for Y = 1, against a.
    let loss: [Double]
    let slope: [Double]
    /// f(x) of the neuron at every step, which begins surely wrong.
    let path: [Double]
    /// Steps until f(x) is above 0.9; nil when that takes longer.
    var needed: Int? { path.firstIndex { $0 > 0.9 } }
  }

  /// Takes the gradients of both losses and trains a neuron with each.
  public func run(seed: UInt64) throws -> LectureResult {
    let a = Tensor.linspace(from: -8, through: 8, count: points, dtype: .float64)
    let axis: [Double] = a.scalars()
    let outcomes = [
      outcome("cross_entropy", "cross-entropy", a) { binaryCrossEntropy(logits: $0, $1, reduction: .none) },
      outcome("squares", "squared error", a) { (sigmoid($0) - $1).squared() },
    ]
    let (cross, squares) = (outcomes[0], outcomes[1])
    let formula = zip(axis, cross.slope).map { $1 - (1 / (1 + exp(-$0)) - 1) }.largestMagnitude
    func steps(_ outcome: Outcome) -> String { outcome.needed.map(String.init) ?? "more than \(self.steps)" }
    let table = LectureTable(
      ["loss", "gradient at a = -8", "at a = 0", "at a = 8", "steps from 0.0067 to 0.9"],
      outcomes.map {
        [$0.name, $0.slope[0].short, $0.slope[points / 2].short, $0.slope[points - 1].short, steps($0)]
      })
    var values = ["difference_from_f_minus_y": formula]
    for outcome in outcomes {
      values["\(outcome.key)_gradient_at_-8"] = outcome.slope[0]
      values["\(outcome.key)_steps"] = outcome.needed.map(Double.init) ?? .infinity
    }
    let paragraph = """
      One neuron f = sigmoid(a) with the label Y = 1. Where it is surely wrong, at a = -8, the gradient of the loss with \
      respect to a is \(cross.slope[0].short) with the cross-entropy and \(squares.slope[0].short) with the squared error; it \
      differs from f - Y by at most \(formula.short) with the cross-entropy. Gradient descent at the rate 0.5 on the bias \
      from a = -5, where f is 0.0067, takes \(steps(cross)) steps with the cross-entropy and \(steps(squares)) with squares \
      until f is above 0.9.
      """
    let claims = [
      LectureClaim("the gradient of the cross-entropy with respect to a is f - Y", when: formula < 1e-12),
      LectureClaim(
        "the logarithm avoids too small values of the gradient (over a hundred times that of squares at a = -8)",
        when: cross.slope[0].magnitude > 100 * squares.slope[0].magnitude),
      LectureClaim(
        "so that a neuron that is surely wrong learns in fewer steps",
        when: cross.needed.map { $0 < squares.needed ?? .max } ?? false),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(axis, outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(
    _ key: String, _ name: String, _ a: Tensor, _ loss: (_ logits: Tensor, _ targets: Tensor) -> Tensor
  ) -> Outcome {
    let ones = Tensor(repeating: 1, shape: a.shape, dtype: .float64)
    let one = Tensor(repeating: 1, shape: [1], dtype: .float64)
    let slope = gradient(at: a) { loss($0, ones).sum() }
    var bias = -5.0
    var path = [1 / (1 + exp(-bias))]
    for _ in 0..<steps {
      bias -= 0.5 * gradient(at: Tensor([bias])) { loss($0, one).sum() }.item()
      path.append(1 / (1 + exp(-bias)))
    }
    return Outcome(key: key, name: name, loss: loss(a, ones).scalars(), slope: slope.scalars(), path: path)
  }

  private func drawing(_ axis: [Double], _ outcomes: [Outcome]) -> LectureResult.Drawing {
    let panels = [
      Panel(
        "the loss for Y = 1", x: Axis("a"), y: Axis("loss", from: 0), legend: .shared,
        series: outcomes.map { .line($0.name, x: axis, y: $0.loss, markers: false) }),
      Panel(
        "its gradient", x: Axis("a"), y: Axis("derivative by a"), legend: .shared,
        series: outcomes.map { .line($0.name, x: axis, y: $0.slope, markers: false) }),
      Panel(
        "a neuron that begins surely wrong", x: Axis("step", isWhole: true), y: Axis("f(x)", from: 0, to: 1),
        legend: .shared,
        series: outcomes.map { .line($0.name, x: $0.path.indices.map(Double.init), y: $0.path, markers: false) }),
    ]
    return .init("losses", Figure("Losses behind a sigmoid", columns: 3, panelSize: .lecture, panels: panels))
  }
}
