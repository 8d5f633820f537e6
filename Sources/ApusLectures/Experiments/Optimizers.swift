import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Momentum, Nesterov, AdaGrad, RMSProp and Adam beside plain gradient descent: on one loss of two numbers, and on digits.
public struct OptimizersLecture: LectureExperiment {
  /// The name of the command.
  public let name = "optimizers"
  /// One line.
  public let title = "Momentum, Nesterov, AdaGrad, RMSProp and Adam on one loss"
  /// The place.
  public let source = "notes, section 2.4.6; slides, Optimization Algorithms"

  /// Steps on the loss of two numbers.
  public var steps: Int
  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(steps: Int = 300, epochs: Int = 15, samples: Int = 1438) {
    self.steps = steps
    self.epochs = epochs
    self.samples = samples
  }

  /// A rule with a learning rate for the ravine and one for the digits; the formulas are those of the slides.
  private struct Rule: Sendable {
    let key: String
    let name: String
    let rates: (ravine: Double, digits: Double)
    let make: @Sendable (Double) -> any Optimizer
  }

  private let rules: [Rule] = [
    Rule(key: "sgd", name: "gradient descent", rates: (0.019, 0.02)) { SGD(learningRate: $0) },
    Rule(key: "momentum", name: "momentum", rates: (0.01, 0.02)) {
      SGD(learningRate: $0, momentum: 0.9, momentumForm: .steps)
    },
    Rule(key: "nesterov", name: "Nesterov", rates: (0.01, 0.02)) {
      SGD(learningRate: $0, momentum: 0.9, nesterov: true, momentumForm: .steps)
    },
    Rule(key: "adagrad", name: "AdaGrad", rates: (1, 0.02)) {
      AdaGrad(learningRate: $0, epsilonPlacement: .insideRoot)
    },
    Rule(key: "rmsprop", name: "RMSProp", rates: (0.05, 0.002)) {
      RMSProp(learningRate: $0, decay: 0.9, epsilonPlacement: .insideRoot)
    },
    Rule(key: "adam", name: "Adam", rates: (0.2, 0.005)) { Adam(learningRate: $0, epsilonPlacement: .insideRoot) },
  ]

  /// Where a rule went on the ravine, and how it learnt the digits.
  private struct Outcome {
    let rule: Rule
    let path: [[Double]]
    let losses: [Double]
    let history: [EpochRecord]
    let accuracy: Double
    /// The steps until the loss stays below a thousandth of where it began.
    var stepsNeeded: Int? {
      let last = losses.lastIndex { $0 >= losses[0] / 1000 } ?? -1
      return last + 1 < losses.count ? last + 1 : nil
    }
    /// How often the path crosses the bottom of the ravine.
    var crossings: Int { zip(path, path.dropFirst()).count { $0[1] * $1[1] < 0 } }
  }

  /// Two numbers that are trained.
  private struct Point: Module {
    let place = Parameter(Tensor([-9, 1] as [Float]))
  }

  /// A ravine: 100 times as steep across as along.
  private static func ravine(_ x: Double, _ y: Double) -> Double { (x * x + 100 * y * y) / 2 }

  /// Runs every rule on both losses.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try rules.map { try outcome($0, digits, seed) }
    let table = LectureTable(
      ["rule", "rate", "steps to 1/1000", "crossings", "rate, digits", "loss, epoch \(epochs)", "test accuracy"],
      outcomes.map {
        [
          $0.rule.name, $0.rule.rates.ravine.short, $0.stepsNeeded.map(String.init) ?? "more than \(self.steps)",
          "\($0.crossings)", $0.rule.rates.digits.short, ($0.history.last?.trainLoss ?? .nan).short,
          $0.accuracy.percent,
        ]
      })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      let key = outcome.rule.key
      values["\(key)_steps"] = outcome.stepsNeeded.map(Double.init) ?? .infinity
      values["\(key)_crossings"] = Double(outcome.crossings)
      values["\(key)_digits_loss"] = outcome.history.last?.trainLoss
      values["\(key)_test_accuracy"] = outcome.accuracy
    }
    func steps(_ index: Int) -> String {
      outcomes[index].stepsNeeded.map { "\($0) steps" } ?? "more than \(self.steps) steps"
    }
    func loss(_ index: Int) -> Double { outcomes[index].history.last?.trainLoss ?? .nan }
    let paragraph = """
      On the ravine L = (x^2 + 100 y^2) / 2 plain gradient descent has to choose a rate small enough for the steep direction: \
      it crosses the bottom \(outcomes[0].crossings) times and needs \(steps(0)) until L stays below a thousandth of its \
      start. Momentum (gamma 0.9) takes \(steps(1)) with \(outcomes[1].crossings) crossings, Nesterov's, whose gradient is \
      taken where the momentum leads, \(steps(2)) with \(outcomes[2].crossings). The adaptive rules divide each coordinate \
      by the size of its own gradients: AdaGrad takes \(steps(3)), RMSProp \(steps(4)), Adam \(steps(5)). On the digits \
      (64-64-10, batches of 32, \(epochs) epochs, a rate for each) the training losses end at \(loss(0).short) for plain SGD, \
      \(loss(1).short) for momentum, \(loss(2).short) for Nesterov, \(loss(3).short) for AdaGrad, \(loss(4).short) for \
      RMSProp and \(loss(5).short) for Adam. The rates were chosen by hand for each rule; with others the order changes.
      """
    func needed(_ index: Int) -> Int { outcomes[index].stepsNeeded ?? .max }
    let claims = [
      LectureClaim(
        "momentum attenuates the oscillations (fewer crossings of the ravine)",
        when: outcomes[1].crossings < outcomes[0].crossings),
      LectureClaim("momentum is faster than plain descent on the ravine", when: needed(1) < needed(0)),
      LectureClaim("Nesterov momentum is faster than momentum on the ravine", when: needed(2) < needed(1)),
      LectureClaim(
        "Nesterov momentum oscillates less than momentum", when: outcomes[2].crossings < outcomes[1].crossings),
      LectureClaim("AdaGrad does not cross the ravine at all", when: outcomes[3].crossings == 0),
      LectureClaim("RMSProp, without AdaGrad's ever falling rates, is faster there", when: needed(4) < needed(3)),
      LectureClaim(
        "on the digits every one of the five gets further than plain descent",
        when: (1...5).allSatisfy { loss($0) < loss(0) }),
      LectureClaim("on the digits Adam gets further than all others", when: (0...4).allSatisfy { loss(5) < loss($0) }),
    ]
    return LectureResult(
      tables: [table], drawings: [paths(outcomes), curves(outcomes)], paragraph: paragraph, claims: claims,
      values: values)
  }

  private func outcome(_ rule: Rule, _ digits: LectureDigits, _ seed: UInt64) throws -> Outcome {
    let point = Point()
    let optimizer = rule.make(rule.rates.ravine)
    let steepness = Tensor([0.5, 50] as [Float])
    var path: [[Double]] = [point.place.value.scalars()]
    for _ in 0..<steps {
      let (_, gradients) = valueWithGradient(of: point) { (point.place.value.squared() * steepness).sum() }
      optimizer.update(point, along: gradients)
      path.append(point.place.value.scalars())
    }

    let network = withRandomSeed(seed) { MLP(inputs: 64, hidden: [64], classes: 10, weightInitializer: .heNormal) }
    let trainer = digits.trainer(network, rule.make(rule.rates.digits), seed: seed)
    try trainer.fit(digits.train, epochs: epochs)
    return Outcome(
      rule: rule, path: path, losses: path.map { Self.ravine($0[0], $0[1]) }, history: trainer.history,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan)
  }

  /// The ways through the ravine.
  private func paths(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let (x, y) = (-10.0...4.0, -1.5...1.5)
    let columns = (0..<280).map { x.lowerBound + (Double($0) + 0.5) / 280 * 14 }
    let rows = (0..<180).map { y.lowerBound + (Double($0) + 0.5) / 180 * 3 }
    // Steps of a third of a decade make the edges of the colours contours.
    let heights = rows.map { y in columns.map { x in ((log10(Self.ravine(x, y)) * 3).rounded(.down) / 3) } }
    let panels = outcomes.map { outcome in
      Panel(
        outcome.rule.name, x: Axis("x", from: x.lowerBound, to: x.upperBound),
        y: Axis("y", from: y.lowerBound, to: y.upperBound), legend: .hidden,
        series: [
          .heatMap(HeatMap(heights, x: x, y: y, ramp: .blues, showsScale: false)),
          .line("", x: outcome.path.map { $0[0] }, y: outcome.path.map { $0[1] }, markers: false, color: .vermilion),
          .points("", x: outcome.path.map { $0[0] }, y: outcome.path.map { $0[1] }, size: 0.6, color: .vermilion),
        ])
    }
    return .init("paths", Figure("Ways through a ravine", columns: 3, panelSize: .lecture, panels: panels))
  }

  /// The losses of both.
  private func curves(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let panels = [
      Panel(
        "the ravine", x: Axis("step", isWhole: true), y: Axis("loss", scale: .logarithmic, from: 1e-6),
        legend: .shared,
        series: outcomes.map {
          .line($0.rule.name, x: $0.losses.indices.map(Double.init), y: $0.losses, markers: false)
        }),
      Panel(
        "digits", x: .epochs, y: Axis("training loss", scale: .logarithmic), legend: .shared,
        series: outcomes.map { $0.history.line($0.rule.name, \.trainLoss) }),
    ]
    return .init("losses", Figure("Losses of the rules", columns: 2, panelSize: .lecture, panels: panels))
  }
}
