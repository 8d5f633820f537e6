import Apus

/// Why weights cannot all start at 0, nor all at the same value: the hidden units stay one and the same function.
public struct SymmetryLecture: LectureExperiment {
  /// The name of the command.
  public let name = "symmetry"
  /// One line.
  public let title = "Zero and equal initial weights: the hidden units never become different"
  /// The place.
  public let source = "notes, section 2.4.5; slides, Parameter Initialization Strategies (2/5)"

  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(epochs: Int = 30, samples: Int = 1438) {
    self.epochs = epochs
    self.samples = samples
  }

  private struct Outcome {
    let name: String
    /// W(1), a row for each hidden unit.
    let weights: [[Float]]
    /// How many rows differ from each other in any bit.
    let differentUnits: Int
    /// The largest difference of a weight between two units.
    let spread: Double
    let history: [EpochRecord]
    let accuracy: Double
  }

  /// The starts that are compared.
  private let starts: [(name: String, weights: Initializer, biases: Initializer)] = [
    ("zero", .zeros, .zeros), ("equal", .constant(0.05), .zeros), ("random", .glorotUniform, .zeros),
  ]

  /// Trains the same network from each start.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try starts.map { try outcome($0.name, $0.weights, $0.biases, digits, seed) }
    let slope = gradient(at: Tensor(repeating: 0, shape: [1], dtype: .float64)) { tanh($0).sum() }.item()

    let table = LectureTable(
      ["initial weights", "different hidden units", "largest difference", "training loss", "test accuracy"],
      outcomes.map {
        [
          $0.name, "\($0.differentUnits) of \($0.weights.count)", $0.spread.short,
          ($0.history.last?.trainLoss ?? .nan).short, $0.accuracy.percent,
        ]
      })
    func largest(_ outcome: Outcome) -> Double { outcome.weights.joined().map(Double.init).largestMagnitude }
    var values = ["tanh_derivative_at_0": slope]
    for outcome in outcomes {
      values["\(outcome.name)_different_units"] = Double(outcome.differentUnits)
      values["\(outcome.name)_largest_difference"] = outcome.spread
      values["\(outcome.name)_largest_weight"] = largest(outcome)
      values["\(outcome.name)_test_accuracy"] = outcome.accuracy
    }
    let (zero, equal, random) = (outcomes[0], outcomes[1], outcomes[2])
    let paragraph = """
      One network, 64-16-10 with tanh, was trained on the digits for \(epochs) epochs from three starts. From zero weights \
      h = tanh(0) = 0 makes the gradient (4) of W(2) zero and W(2) = 0 makes that of W(1) zero: the largest weight of the \
      hidden layer ends at \(largest(zero).short) and the accuracy is \(zero.accuracy.percent). The notes give the derivative \
      of tanh at 0 as the reason; it is \(slope.short), and the zeros come from the weights themselves. From equal weights \
      the largest weight ends at \(largest(equal).short), the largest difference between two of the \(equal.weights.count) \
      hidden units at \(equal.spread.short); the number of different units is \(equal.differentUnits), the accuracy \
      \(equal.accuracy.percent). From random weights the number is \(random.differentUnits) and the accuracy \
      \(random.accuracy.percent).
      """
    let claims = [
      LectureClaim(
        "weights cannot be initialised to 0: that is a saddle point, where they stay", when: largest(zero) == 0),
      LectureClaim("the reason is that the derivative of tanh at 0 is 0", when: slope == 0),
      LectureClaim(
        "from the same values all neurons of a hidden layer have the same behaviour",
        when: equal.differentUnits == 1 && equal.spread == 0 && largest(equal) != 0.05),
      LectureClaim(
        "random weights break the symmetry, and the network classifies better for it",
        when: random.differentUnits == random.weights.count && random.accuracy > max(zero.accuracy, equal.accuracy)),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(
    _ name: String, _ weights: Initializer, _ biases: Initializer, _ digits: LectureDigits, _ seed: UInt64
  ) throws -> Outcome {
    let hidden = withRandomSeed(seed) {
      Dense(64, 16, activation: .tanh, weightInitializer: weights, biasInitializer: biases)
    }
    let network = withRandomSeed(seed, step: 1) {
      Sequential([Flatten(), hidden, Dense(16, 10, weightInitializer: weights, biasInitializer: biases)])
    }
    let trainer = digits.trainer(network, SGD(learningRate: 0.1), seed: seed)
    try trainer.fit(digits.train, epochs: epochs)
    let rows = hidden.weight.value.unstacked().map { $0.scalars(as: Float.self) }
    let columns = (0..<64).map { column in rows.map { Double($0[column]) } }
    return Outcome(
      name: name, weights: rows, differentUnits: Set(rows.map { $0.map(\.bitPattern) }).count,
      spread: columns.map { ($0.max() ?? 0) - ($0.min() ?? 0) }.max() ?? 0, history: trainer.history,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan)
  }

  /// The weights of every hidden unit, and the losses.
  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let maps = outcomes.dropFirst().map { outcome in
      Panel(
        "W(1) from \(outcome.name) weights", x: Axis("pixel"), y: Axis("hidden unit"), legend: .hidden,
        series: [.heatMap(HeatMap(outcome.weights.map { $0.map(Double.init) }, ramp: .diverging))])
    }
    let losses = Panel(
      "training loss", x: .epochs, y: Axis("cross-entropy", from: 0), legend: .shared,
      series: outcomes.map { $0.history.line($0.name, \.trainLoss) })
    return .init(
      "symmetry",
      Figure("Breaking the symmetry of hidden units", columns: 3, panelSize: .lecture, panels: maps + [losses]))
  }
}
