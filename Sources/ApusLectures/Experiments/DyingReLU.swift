import Apus

/// Units with ReLU that never switch on again, and the variants that keep a gradient below 0.
public struct DyingReLULecture: LectureExperiment {
  /// The name of the command.
  public let name = "dying-relu"
  /// One line.
  public let title = "Dying ReLUs, and the leaky variants that cannot die"
  /// The place.
  public let source = "notes, section 2.1; slides, Nonsaturating Activation Functions (1/4) and (2/4)"

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
    let key: String
    let name: String
    /// The part of silent units at the start and after every epoch.
    let silent: [Double]
    /// The part of units whose weights get no gradient from any sample at the end.
    let dead: Double
    let history: [EpochRecord]
    let accuracy: Double
    var before: Double { silent.first ?? .nan }
    var after: Double { silent.last ?? .nan }
  }

  /// Trains each activation from the same weights, with biases that leave many units below 0.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let steeper = Activation("leakyReLU") { leakyReLU($0, slope: 0.1) }
    let low = Initializer.uniform(-8...(-3))
    let outcomes = try [
      outcome("advised", "ReLU, biases 0.1", .constant(0.1), digits, seed, ActivationLayer(.relu)),
      outcome("relu", "ReLU", low, digits, seed, ActivationLayer(.relu)),
      outcome("leaky", "leaky ReLU, alpha 0.01", low, digits, seed, ActivationLayer(.leakyReLU)),
      outcome("leakier", "leaky ReLU, alpha 0.1", low, digits, seed, ActivationLayer(steeper)),
      outcome("rrelu", "RReLU, alpha random", low, digits, seed, RReLU()),
      outcome("prelu", "PReLU, alpha learnt", low, digits, seed, PReLU(initial: 0.1)),
      outcome("elu", "ELU", low, digits, seed, ActivationLayer(.elu)),
    ]
    let table = LectureTable(
      ["activation", "silent at the start", "at the end", "without gradient", "training loss", "test accuracy"],
      outcomes.map {
        [
          $0.name, $0.before.percent, $0.after.percent, $0.dead.percent, ($0.history.last?.trainLoss ?? .nan).short,
          $0.accuracy.percent,
        ]
      })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_silent_before"] = outcome.before
      values["\(outcome.key)_silent_after"] = outcome.after
      values["\(outcome.key)_without_gradient"] = outcome.dead
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy
    }
    let (advised, relu, variants) = (outcomes[0], outcomes[1], outcomes.dropFirst(2))
    func numbers(_ outcome: Outcome) -> String {
      "\(outcome.name): \(outcome.after.percent) silent, \(outcome.dead.percent) without gradient, accuracy "
        + outcome.accuracy.percent
    }
    let paragraph = """
      A unit is silent when the weighted sum of its inputs is below 0 for every training sample. In a network 64-128-10 \
      on the digits, biases drawn from -8 to -3, as bad steps may leave them, silence \(relu.before.percent) of the hidden \
      units. A silent ReLU has the output 0 and the derivative 0. After \(epochs) epochs there are, of ReLUs, \
      \(relu.after.percent) silent and \(relu.dead.percent) without gradient, and the test accuracy is \
      \(relu.accuracy.percent). From the same weights the variants with a slope below 0 come to: \
      \(variants.map(numbers).joined(separator: "; ")). With the small positive biases that section 2.1 advises \
      \(advised.before.percent) of the ReLUs are silent at the start and \(advised.after.percent) at the end, with the \
      accuracy \(advised.accuracy.percent).
      """
    let claims = [
      LectureClaim(
        "ReLUs that output nothing but 0 stay so (hardly any comes back)", when: relu.after >= relu.before - 0.01),
      LectureClaim("silent ReLUs get no gradient", when: relu.dead >= relu.after - 0.001),
      LectureClaim(
        "with a derivative that is not 0 for x < 0 every unit gets a gradient",
        when: variants.allSatisfy { $0.dead == 0 }),
      LectureClaim(
        "every variant classifies better than ReLU here", when: variants.allSatisfy { $0.accuracy > relu.accuracy }),
      LectureClaim("a small positive bias ensures that each unit is active", when: advised.before == 0),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(
    _ key: String, _ name: String, _ biases: Initializer, _ digits: LectureDigits, _ seed: UInt64,
    _ activation: any Layer
  ) throws -> Outcome {
    let hidden = withRandomSeed(seed) { Dense(64, 128, weightInitializer: .heNormal, biasInitializer: biases) }
    let output = withRandomSeed(seed, step: 1) { Dense(128, 10, weightInitializer: .glorotNormal) }
    let network = Sequential([Flatten(), hidden, activation, output])
    let (x, labels) = digits.wholeBatch

    /// The part of hidden units whose weighted sum is below 0 for all samples.
    func silent() -> Double {
      let sums = hidden(x.flattened(from: 1))
      return sums.max(squeezingAxes: [0]).scalars(as: Double.self).map { $0 <= 0 ? 1 : 0 }.mean
    }

    /// The part of hidden units whose weights get the gradient 0.
    func dead() -> Double {
      let (_, gradients) = valueWithGradient(of: network) { withInference { crossEntropy(network(x), labels) } }
      let lengths: [Double] = gradients[hidden.weight]?.norm(squeezingAxes: [1]).scalars() ?? []
      return lengths.map { $0 == 0 ? 1 : 0 }.mean
    }

    var parts = [silent()]
    let note = LambdaHook("silent units", every: .epochs(1)) { _ in parts.append(silent()) }
    let trainer = digits.trainer(network, SGD(learningRate: 0.02, momentum: 0.9), seed: seed, hooks: [note])
    try trainer.fit(digits.train, epochs: epochs)
    return Outcome(
      key: key, name: name, silent: parts, dead: dead(), history: trainer.history,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan)
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let panels = [
      Panel(
        "silent units", x: .epochs, y: Axis("part of the hidden units", from: 0, to: 1), legend: .shared,
        series: outcomes.map { .line($0.name, x: $0.silent.indices.map(Double.init), y: $0.silent, markers: false) }),
      Panel(
        "training", x: .epochs, y: Axis("training loss", scale: .logarithmic), legend: .shared,
        series: outcomes.map { $0.history.line($0.name, \.trainLoss) }),
    ]
    return .init("dying-relu", Figure("Dying ReLUs", columns: 2, panelSize: .lecture, panels: panels))
  }
}
