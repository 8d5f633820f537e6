import Apus

/// A learning rate too small, right, too large, and one that is reduced on the way.
public struct LearningRateLecture: LectureExperiment {
  /// The name of the command.
  public let name = "learning-rate"
  /// One line.
  public let title = "The learning rate: too small, right, too large, reduced on the way, and found by a search"
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
    let search = try search(digits, seed)
    values["finder_suggestion"] = search.suggestion ?? .nan
    values["finder_least"] = search.least ?? .nan
    let (small, right, large, reduced) = (outcomes[0], outcomes[1], outcomes[2], outcomes[3])
    let found = search.suggestion.map { "suggests \($0.short)" } ?? "suggests nothing"
    let paragraph = """
      The same network (64-32-10, tanh) learnt the digits by plain SGD in batches of 32 for \(epochs) epochs. At the rate \
      0.0005 the loss ends at \(small.loss.short) and never rises by more than \(max(small.largestRise, 0).short) from one \
      epoch to the next; at 0.1 it ends at \(right.loss.short), with the test accuracy \(right.accuracy.percent); at 3 it \
      rises by up to \(large.largestRise.short), ends at \(large.loss.short) and the accuracy is \(large.accuracy.percent). \
      Begun at 1 and reduced after every epoch, as the section recommends, it ends at \(reduced.loss.short) and \
      \(reduced.accuracy.percent). The learning-rate finder (Smith, 2015), which lets the rate grow from step to step and \
      watches the loss, \(found).
      """
    let claims = [
      LectureClaim(
        "if the learning rate is too small, the convergence is very slow",
        when: small.loss > 5 * right.loss && small.largestRise <= 0),
      LectureClaim(
        "if it is too large, the network oscillates without stabilising",
        when: large.largestRise > 0.1 && large.loss > 5 * right.loss),
      LectureClaim(
        "beginning with a large rate and reducing it avoids the oscillation", when: reduced.loss < large.loss / 5),
      LectureClaim(
        "the finder's suggestion lies between the rate that is too small and the one that is too large",
        when: (search.suggestion ?? 0) > 0.0005 && (search.suggestion ?? 0) < 3),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes, search)], paragraph: paragraph, claims: claims, values: values)
  }

  private func network(_ seed: UInt64) -> MLP {
    withRandomSeed(seed) {
      MLP(inputs: 64, hidden: [32], classes: 10, activation: .tanh, weightInitializer: .glorotNormal)
    }
  }

  /// Looks for a rate with the finder, on the network as it starts.
  private func search(_ digits: LectureDigits, _ seed: UInt64) throws -> LearningRateFinder.Result {
    try digits.trainer(network(seed), SGD(learningRate: 1), seed: seed)
      .findLearningRate(digits.train, with: LearningRateFinder(lowest: 1e-4, highest: 100, steps: 150))
  }

  private func outcome(
    _ key: String, _ name: String, _ digits: LectureDigits, _ seed: UInt64, _ rate: @escaping (Int) -> Double
  ) throws -> Outcome {
    let network = network(seed)
    let optimizer = SGD(learningRate: rate(0))
    let reduction = LambdaHook("lecture", every: .epochs(1)) { optimizer.learningRate = rate($0.epoch) }
    let trainer = digits.trainer(network, optimizer, seed: seed, hooks: [reduction])
    try trainer.fit(digits.train, epochs: epochs)
    return Outcome(
      key: key, name: name, rates: (0..<epochs).map(rate), history: trainer.history,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan)
  }

  private func drawing(
    _ outcomes: [Outcome], _ search: LearningRateFinder.Result
  ) -> LectureResult.Drawing {
    let epochs = outcomes[0].rates.indices.map { Double($0 + 1) }
    let tried = search.points.map(\.learningRate)
    let panels = [
      Panel(
        "training", x: .epochs, y: Axis("training loss", scale: .logarithmic), legend: .shared,
        series: outcomes.map { $0.history.line($0.name, \.trainLoss) }),
      Panel(
        "schedules", x: .epochs, y: Axis("learning rate", scale: .logarithmic), legend: .shared,
        series: outcomes.map { .line($0.name, x: epochs, y: $0.rates, markers: false) }),
      Panel(
        "the finder", x: Axis("learning rate", scale: .logarithmic), y: Axis("loss", scale: .logarithmic),
        legend: .topLeft,
        series: [
          .points("of a batch", x: tried, y: search.points.map(\.loss), size: 0.6, color: .sky),
          .line("running mean", x: tried, y: search.points.map(\.smoothedLoss), markers: false, color: .ink),
        ], annotations: search.suggestion.map { [.verticalLine(at: $0, "suggested")] } ?? []),
    ]
    return .init("learning-rate", Figure("Learning rates", columns: 3, panelSize: .lecture, panels: panels))
  }
}
