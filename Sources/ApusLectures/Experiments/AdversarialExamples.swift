import Apus

/// Digits changed so little that they stay what they are for a person, and so that a network is wrong; and training on
/// them.
public struct AdversarialLecture: LectureExperiment {
  /// The name of the command.
  public let name = "adversarial"
  /// One line.
  public let title = "Adversarial examples, and training on them"
  /// The place.
  public let source = "notes, section 2.4.6 (regularisation); Goodfellow, Shlens and Szegedy (2015)"

  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(epochs: Int = 30, samples: Int = 1438) { (self.epochs, self.samples) = (epochs, samples) }

  /// The largest change of a pixel, in parts of the way from white to black.
  private static let sizes = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]

  private struct Outcome {
    let key: String
    let name: String
    let network: MLP
    /// The test accuracy under the attack of each size.
    let accuracies: [Double]
  }

  /// Trains a network on clean digits and one on digits under attack, and attacks both.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try [
      outcome("clean", "trained on clean digits", nil, digits, seed),
      outcome("adversarial", "trained on attacked digits too", AdversarialTraining(.fgsm(epsilon: 0.1)), digits, seed),
    ]
    let (clean, hardened) = (outcomes[0], outcomes[1])
    let table = LectureTable(
      ["epsilon"] + outcomes.map(\.name),
      Self.sizes.indices.map { index in
        [Self.sizes[index].short] + outcomes.map { $0.accuracies[index].percent }
      })
    let tenth = Self.sizes.firstIndex(of: 0.1) ?? 0
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_accuracy"] = outcome.accuracies[0]
      values["\(outcome.key)_accuracy_at_0.1"] = outcome.accuracies[tenth]
    }
    let paragraph = """
      A network 64-64-10 learnt the digits for \(epochs) epochs. The fast gradient sign method moves every pixel by epsilon, \
      a part of the way from white to black, in the direction in which the loss rises: x' = x + epsilon sign(dL/dx). The \
      test accuracy is \(clean.accuracies[0].percent) on clean digits and \(clean.accuracies[tenth].percent) at epsilon 0.1. \
      Trained with half of its loss from digits that were attacked with epsilon 0.1 in every step, the network classifies \
      \(hardened.accuracies[0].percent) of the clean and \(hardened.accuracies[tenth].percent) of the attacked digits.
      """
    let claims = [
      LectureClaim(
        "a small change of every pixel makes a good network wrong (a third of its accuracy lost at 0.1)",
        when: clean.accuracies[tenth] < clean.accuracies[0] * 2 / 3),
      LectureClaim(
        "the larger the change, the lower the accuracy",
        when: zip(clean.accuracies, clean.accuracies.dropFirst()).allSatisfy { $0 >= $1 }),
      LectureClaim(
        "training on adversarial examples makes the network harder to deceive",
        when: hardened.accuracies[tenth] > clean.accuracies[tenth]),
      LectureClaim(
        "as a regulariser it does no harm on clean digits", when: hardened.accuracies[0] >= clean.accuracies[0]),
    ]
    return LectureResult(
      tables: [table], drawings: [curves(outcomes), try pictures(outcomes, digits)], paragraph: paragraph,
      claims: claims, values: values)
  }

  private func outcome(
    _ key: String, _ name: String, _ training: AdversarialTraining?, _ digits: LectureDigits, _ seed: UInt64
  ) throws -> Outcome {
    let network = withRandomSeed(seed) { MLP(inputs: 64, hidden: [64], classes: 10, weightInitializer: .heNormal) }
    let trainer = digits.trainer(network, Adam(learningRate: 2e-3), seed: seed, adversarial: training)
    try trainer.fit(digits.train, epochs: epochs)
    let accuracies = try Self.sizes.map { size in
      size == 0
        ? try trainer.evaluate(digits.test).accuracy ?? .nan
        : try evaluate(network, on: digits.test, under: .fgsm(epsilon: size), normalization: digits.normalization)
          .accuracy ?? .nan
    }
    return Outcome(key: key, name: name, network: network, accuracies: accuracies)
  }

  private func curves(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let figure = Figure(
      "Accuracy under attack", x: Axis("epsilon, part of the range of a pixel"),
      y: Axis("part of the test classified rightly", from: 0, to: 1),
      series: outcomes.map { .line($0.name, x: Self.sizes, y: $0.accuracies) })
    return .init("accuracy", figure)
  }

  /// The first test digits, clean above and attacked below, with what the network that saw clean digits only makes of
  /// them.
  private func pictures(_ outcomes: [Outcome], _ digits: LectureDigits) throws -> LectureResult.Drawing {
    let network = outcomes[0].network
    let few = digits.test.subset(Array(0..<6))
    let clean = Tensor(digits.normalization.applied(to: few.inputs))
    let range = InputRange(of: digits.test, normalization: digits.normalization)
    let attack = Attack.fgsm(epsilon: 0.1)
    let changed = attack.perturbed(clean, Tensor(few.targets), network, range: range)
    let panels = [clean, changed].flatMap { pixels -> [Panel] in
      let shares = (pixels - range.lower) / (range.upper - range.lower)
      let classes = withInference { network(pixels) }.argMax(axis: 1).scalars(as: Int64.self)
      return few.labels.indices.map { index in
        Panel.picture(
          "taken for \(few.classNames[Int(classes[index])])",
          Picture(width: 8, height: 8, values: shares[index].scalars()),
          captionColor: Int(classes[index]) == Int(few.labels[index]) ? .green : .vermilion)
      }
    }
    return .init(
      "digits",
      Figure("Clean digits, and attacked with epsilon 0.1", columns: 6, panelSize: .init(150, 170), panels: panels))
  }
}
