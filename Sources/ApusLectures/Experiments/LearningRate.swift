import Apus

/// A learning rate too small, right, too large, and one that is reduced on the way.
public struct LearningRateLecture: LectureExperiment {
  /// The name of the command.
  public let name = "learning-rate"
  /// One line.
  public let title = "The learning rate: too small, right, too large, and reduced on the way"
  /// The place.
  public let source = "notes, section 2.4.6"

  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(epochs: Int = 40, samples: Int = 1438) {
    self.epochs = epochs
    self.samples = samples
  }

  private struct Outcome {
    let key: String
    let name: String
    let rates: [Double]
    let history: [EpochRecord]
    let accuracy: Double
    var loss: Double { history.last?.trainLoss ?? .nan }
    /// The largest rise of the loss from one epoch to the next.
    var largestRise: Double { zip(history.dropFirst(), history).map { $0.trainLoss - $1.trainLoss }.max() ?? 0 }
  }

  /// Trains the same network with each rate.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try [
      outcome("small", "too small, 0.0005", digits, seed) { _ in 0.0005 },
      outcome("right", "right, 0.1", digits, seed) { _ in 0.1 },
      outcome("large", "too large, 3", digits, seed) { _ in 3 },
      outcome("reduced", "1, reduced as 1 / (1 + epoch / 5)", digits, seed) { 1 / (1 + Double($0) / 5) },
    ]
    let table = LectureTable(
      ["learning rate", "loss, epoch 1", "loss, epoch \(epochs)", "largest rise", "test accuracy"],
      outcomes.map {
        [
          $0.name, ($0.history.first?.trainLoss ?? .nan).short, $0.loss.short, max($0.largestRise, 0).short,
          $0.accuracy.percent,
        ]
      })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_final_loss"] = outcome.loss
      values["\(outcome.key)_largest_rise"] = outcome.largestRise
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy
    }
    let (small, right, large, reduced) = (outcomes[0], outcomes[1], outcomes[2], outcomes[3])
    let paragraph = """
      The same network (64-32-10, tanh) learnt the digits by plain SGD in batches of 32 at rates of three sizes. Too small \
      (0.0005) the loss still stands at \(small.loss.short) after \(epochs) epochs: very slow, as section 2.4.6 says. Right \
      (0.1) it falls to \(right.loss.short) and the test accuracy is \(right.accuracy.percent). Too large (3) it oscillates \
      without settling: it rises by up to \(large.largestRise.short) from one epoch to the next, ends at \(large.loss.short) \
      and classifies \(large.accuracy.percent). Begun at 1 \
      and reduced after every epoch, as the section recommends, it reaches \(reduced.loss.short) and \
      \(reduced.accuracy.percent).
      """
    return LectureResult(tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, values: values)
  }

  private func outcome(
    _ key: String, _ name: String, _ digits: LectureDigits, _ seed: UInt64, _ rate: @escaping (Int) -> Double
  ) throws -> Outcome {
    let network = withRandomSeed(seed) {
      MLP(inputs: 64, hidden: [32], classes: 10, activation: .tanh, weightInitializer: .glorotNormal)
    }
    let optimizer = SGD(learningRate: rate(0))
    let reduction = LambdaHook("lecture", every: .epochs(1)) { optimizer.learningRate = rate($0.epoch) }
    let trainer = digits.trainer(network, optimizer, seed: seed, hooks: [reduction])
    try trainer.fit(digits.train, epochs: epochs)
    return Outcome(
      key: key, name: name, rates: (0..<epochs).map(rate), history: trainer.history,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan)
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let epochs = outcomes[0].rates.indices.map { Double($0 + 1) }
    let panels = [
      Panel(
        "training loss", x: .epochs, y: Axis(scale: .logarithmic), legend: .topRight,
        series: outcomes.map { $0.history.line($0.name, \.trainLoss) }),
      Panel(
        "learning rate", x: .epochs, y: Axis(scale: .logarithmic), legend: .hidden,
        series: outcomes.map { .line($0.name, x: epochs, y: $0.rates, markers: false) }),
    ]
    return .init("learning-rate", Figure("Learning rates", columns: 2, panelSize: .lecture, panels: panels))
  }
}
