import Apus

/// Exploding gradients of a deep network with too large weights, and clipping as their cure.
public struct ClippingLecture: LectureExperiment {
  /// The name of the command.
  public let name = "clipping"
  /// One line.
  public let title = "Exploding gradients, and gradient clipping"
  /// The place.
  public let source = "slides, Vanishing/Exploding Gradients Problem, Gradient Clipping (1/2) and (2/2)"

  /// Hidden layers.
  public var depth: Int
  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(depth: Int = 6, epochs: Int = 20, samples: Int = 1438) {
    (self.depth, self.epochs, self.samples) = (depth, epochs, samples)
  }

  private struct Outcome {
    let key: String
    let name: String
    /// The norm of all gradients at the start, before clipping.
    let norm: Double
    let history: [EpochRecord]
    /// Nil when the training diverged.
    let accuracy: Double?
  }

  /// Trains the same network with each way of clipping.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try [
      outcome("he", "He's weights, none", gain: 1, .none, digits, seed),
      outcome("none", "large weights, none", gain: 2.5, .none, digits, seed),
      outcome("value", "large weights, by value 1", gain: 2.5, .value(1), digits, seed),
      outcome("norm", "large weights, by common norm 5", gain: 2.5, .norm(5), digits, seed),
    ]
    let table = LectureTable(
      ["start and clipping", "norm of the first gradient", "epochs finished", "training loss", "test accuracy"],
      outcomes.map {
        [
          $0.name, $0.norm.short, "\($0.history.count)", ($0.history.last?.trainLoss ?? .nan).short,
          $0.accuracy.percentOrDiverged,
        ]
      })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_gradient_norm"] = outcome.norm
      values["\(outcome.key)_epochs_finished"] = Double(outcome.history.count)
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy ?? .nan
    }
    let (he, none, value, norm) = (outcomes[0], outcomes[1], outcomes[2], outcomes[3])
    let paragraph = """
      ReLU networks of \(depth) hidden layers of 64 units learnt the digits by plain descent at the rate 0.01. With He's \
      weights the first gradient has the norm \(he.norm.short) and the accuracy after \(epochs) epochs is \
      \(he.accuracy.percentOrDiverged); with weights 2.5 times as large the norm is \(none.norm.short) and the accuracy \
      \(none.accuracy.percentOrDiverged). Clipping every element to -1...1, as the slides do with clip_by_value, gives \
      \(value.accuracy.percentOrDiverged) from those weights, scaling all gradients together to a norm of at most 5 gives \
      \(norm.accuracy.percentOrDiverged).
      """
    let bare = none.accuracy ?? 0
    let claims = [
      LectureClaim(
        "too large weights make gradients explode: the first is over a hundred times as long",
        when: none.norm > 100 * he.norm),
      LectureClaim("without clipping the network does not learn from them", when: bare < 0.5),
      LectureClaim("with gradients clipped by value it learns", when: (value.accuracy ?? 0) > max(bare, 0.5)),
      LectureClaim("with gradients clipped by their norm it learns", when: (norm.accuracy ?? 0) > max(bare, 0.5)),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(
    _ key: String, _ name: String, gain: Double, _ clipping: GradientClipping, _ digits: LectureDigits, _ seed: UInt64
  ) throws -> Outcome {
    let network = withRandomSeed(seed) {
      MLP(
        inputs: 64, hidden: [Int](repeating: 64, count: depth), classes: 10,
        weightInitializer: .heNormal(mode: .fanIn, gain: gain * (2.0).squareRoot()), biasInitializer: .zeros)
    }
    let (x, labels) = digits.wholeBatch
    let norm = valueWithGradient(of: network) { crossEntropy(network(x), labels) }.gradients.globalNorm().item()
    let trainer = digits.trainer(network, SGD(learningRate: 0.01), seed: seed, clipping: clipping)
    let accuracy = try digits.accuracy(of: trainer, epochs: epochs)
    return Outcome(key: key, name: name, norm: norm, history: trainer.history, accuracy: accuracy)
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    func name(_ outcome: Outcome) -> String { outcome.name + (outcome.accuracy == nil ? " (diverged)" : "") }
    let loss = Panel(
      "training loss", x: .epochs, y: Axis("cross-entropy", scale: .logarithmic), legend: .shared,
      series: outcomes.map { $0.history.line(name($0), \.trainLoss) })
    let accuracy = Panel(
      "training accuracy", x: .epochs, y: Axis("part classified rightly", from: 0, to: 1), legend: .shared,
      series: outcomes.map { $0.history.line(name($0), \.trainAccuracy) })
    return .init(
      "clipping", Figure("Gradient clipping", columns: 2, panelSize: .lecture, panels: [loss, accuracy]))
  }
}
