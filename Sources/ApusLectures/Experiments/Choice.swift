import Apus

/// Which activation the hidden layers should have, and whether the inputs should be normalised.
public struct ChoiceLecture: LectureExperiment {
  /// The name of the command.
  public let name = "choice"
  /// One line.
  public let title = "Which activation function, and inputs with and without normalisation"
  /// The place.
  public let source = "slides, Nonsaturating Activation Functions (3/4); notes, section 2.4.5"

  /// Hidden layers.
  public var depth: Int
  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int
  /// Trainings of each kind, from different starts.
  public var starts: Int

  /// The experiment.
  public init(depth: Int = 2, epochs: Int = 20, samples: Int = 1438, starts: Int = 3) {
    (self.depth, self.epochs) = (depth, epochs)
    (self.samples, self.starts) = (samples, starts)
  }

  private struct Outcome {
    let key: String
    let name: String
    /// The mean training loss after every epoch.
    let losses: [Double]
    /// The mean test accuracy.
    let accuracy: Double
    /// The mean test accuracy when the inputs are 0 to 255; a training that diverges counts as chance, a tenth.
    let rawAccuracy: Double
    /// How many of those diverged.
    let diverged: Int
  }

  /// The order of the slides, from the worst to the best.
  private let choices: [(key: String, name: String, activation: Activation)] = [
    ("sigmoid", "logistic", .sigmoid), ("tanh", "tanh", .tanh), ("relu", "ReLU", .relu),
    ("leaky", "leaky ReLU", .leakyReLU), ("elu", "ELU", .elu),
  ]

  /// Trains the same network with each.
  public func run(seed: UInt64) throws -> LectureResult {
    guard starts > 0 else { throw TrainingError("starts", "there are none", advice: "give at least one") }
    let digits = try LectureDigits(count: samples)
    let outcomes = try choices.map { try outcome($0, digits, seed) }
    let table = LectureTable(
      ["activation", "training loss", "test accuracy", "with raw inputs", "diverged of \(starts)"],
      outcomes.map {
        [$0.name, ($0.losses.last ?? .nan).short, $0.accuracy.percent, $0.rawAccuracy.percent, "\($0.diverged)"]
      })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_training_loss"] = outcome.losses.last
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy
      values["\(outcome.key)_raw_test_accuracy"] = outcome.rawAccuracy
      values["\(outcome.key)_raw_diverged"] = Double(outcome.diverged)
    }
    func list(_ number: (Outcome) -> String) -> String {
      outcomes.map { "\($0.name) \(number($0))" }.joined(separator: ", ")
    }
    let paragraph = """
      Networks of \(depth) hidden layers of 64 units learnt the digits for \(epochs) epochs of momentum with Xavier's \
      weights; every number is the mean of \(starts) starts. The training losses end at: \
      \(list { ($0.losses.last ?? .nan).short }). The test accuracies are: \(list(\.accuracy.percent)). With the pixels as \
      they are, 0 to 255 and not brought to mean 0 and deviation 1, the test accuracies are: \
      \(list(\.rawAccuracy.percent)).
      """
    func loss(_ index: Int) -> Double { outcomes[index].losses.last ?? .nan }
    let pairs = zip(outcomes.indices, outcomes.indices.dropFirst())
    let claims =
      pairs.map { worse, better in
        LectureClaim(
          "\(outcomes[worse].name) < \(outcomes[better].name) (training loss after the same epochs)",
          when: loss(worse) > loss(better))
      } + [
        LectureClaim(
          "the input data have to be normalised: every activation does better with it",
          when: outcomes.allSatisfy { $0.accuracy > $0.rawAccuracy })
      ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(
    _ choice: (key: String, name: String, activation: Activation), _ digits: LectureDigits, _ seed: UInt64
  ) throws -> Outcome {
    func train(_ digits: LectureDigits, _ start: Int) throws -> (history: [EpochRecord], accuracy: Double?) {
      let seed = seed &+ UInt64(start)
      let network = withRandomSeed(seed) {
        MLP(
          inputs: 64, hidden: [Int](repeating: 64, count: depth), classes: 10, activation: choice.activation,
          weightInitializer: .glorotNormal, biasInitializer: .zeros)
      }
      let trainer = digits.trainer(network, SGD(learningRate: 0.02, momentum: 0.9), seed: seed)
      let accuracy = try digits.accuracy(of: trainer, epochs: epochs)
      return (trainer.history, accuracy)
    }
    let normalized = try (0..<starts).map { try train(digits, $0) }
    let raw = try (0..<starts).map { try train(digits.raw, $0).accuracy }
    let losses = (0..<epochs).map { epoch in
      normalized.map { $0.history.indices.contains(epoch) ? $0.history[epoch].trainLoss : .nan }.mean
    }
    return Outcome(
      key: choice.key, name: choice.name, losses: losses, accuracy: normalized.map { $0.accuracy ?? 0.1 }.mean,
      rawAccuracy: raw.map { $0 ?? 0.1 }.mean, diverged: raw.count { $0 == nil })
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let x = (0..<epochs).map { Double($0 + 1) }
    let places = outcomes.indices.map(Double.init)
    var axis = Axis.categories(outcomes.map(\.name), label: "activation")
    (axis.lower, axis.upper) = (-0.7, Double(outcomes.count) - 0.3)
    let panels = [
      Panel(
        "normalised inputs", x: .epochs, y: Axis("training loss", scale: .logarithmic), legend: .below,
        series: outcomes.map { .line($0.name, x: x, y: $0.losses, markers: false) }),
      Panel(
        "test accuracy in per cent", x: axis, y: Axis(from: 0, to: 100), legend: .below,
        series: [
          .bars("normalised", x: places.map { $0 - 0.2 }, heights: outcomes.map { $0.accuracy * 100 }, width: 0.38),
          .bars(
            "raw, 0 to 255", x: places.map { $0 + 0.2 }, heights: outcomes.map { $0.rawAccuracy * 100 }, width: 0.38),
        ]),
    ]
    return .init(
      "choice", Figure("Activations and normalised inputs", columns: 2, panelSize: .lecture, panels: panels))
  }
}
