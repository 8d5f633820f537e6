import Apus

/// Batches of 1 (on-line), of 32 and of all samples: progress for each epoch, each update and each second.
public struct BatchSizeLecture: LectureExperiment {
  /// The name of the command.
  public let name = "batch-size"
  /// One line.
  public let title = "Batches of 1, of 32 and of all samples"
  /// The place.
  public let source = "notes, section 2.4.6, algorithm 1"

  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(epochs: Int = 15, samples: Int = 1438) {
    self.epochs = epochs
    self.samples = samples
  }

  private struct Outcome {
    let batchSize: Int
    /// After every epoch.
    let losses: [Double]
    let seconds: [Double]
    let accuracy: Double
    /// How far a batch's gradient lies from the mean of all samples' at the start, against that mean's length.
    let noise: Double
    let updatesInAnEpoch: Int
  }

  /// Trains with each batch size at the same learning rate.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try [1, 32, digits.train.count].map { try outcome($0, digits, seed) }
    let table = LectureTable(
      ["batch size m", "updates", "noise of the gradient", "loss, epoch \(epochs)", "test accuracy", "seconds"],
      outcomes.map {
        [
          "\($0.batchSize)", "\($0.updatesInAnEpoch * epochs)", $0.noise.short, ($0.losses.last ?? .nan).short,
          $0.accuracy.percent, ($0.seconds.last ?? .nan).short,
        ]
      })
    var values: [String: Double] = [:]
    for (key, outcome) in zip(["one", "32", "full"], outcomes) {
      values["\(key)_updates"] = Double(outcome.updatesInAnEpoch * epochs)
      values["\(key)_gradient_noise"] = outcome.noise
      values["\(key)_final_loss"] = outcome.losses.last
      values["\(key)_test_accuracy"] = outcome.accuracy
      values["\(key)_seconds"] = outcome.seconds.last
    }
    let (one, some, full) = (outcomes[0], outcomes[1], outcomes[2])
    func seconds(_ outcome: Outcome) -> Double { outcome.seconds.last ?? .nan }
    func loss(_ outcome: Outcome) -> Double { outcome.losses.last ?? .nan }
    let paragraph = """
      Algorithm 1 of the notes with the learning rate 0.02 and three batch sizes m, \(epochs) epochs over \(samples) digits. \
      An epoch is n / m updates: \(one.updatesInAnEpoch) on-line, \(some.updatesInAnEpoch) with m = 32, \
      \(full.updatesInAnEpoch) with all. At the start the gradient of a batch differs from that of all samples by \
      \(one.noise.short) times the latter's length with m = 1, by \(some.noise.short) with 32 and by \(full.noise.short) \
      with all. For the same number of epochs the losses end at \(loss(one).short), \(loss(some).short) and \
      \(loss(full).short), the test accuracies at \(one.accuracy.percent), \(some.accuracy.percent) and \
      \(full.accuracy.percent), after \(seconds(one).short), \(seconds(some).short) and \(seconds(full).short) s.
      """
    let claims = [
      LectureClaim(
        "the smaller the batch, the noisier its gradient", when: one.noise > some.noise && some.noise > full.noise),
      LectureClaim(
        "the disadvantage of batches of size 1 is the very long computation time (over three times that of 32)",
        when: seconds(one) > 3 * seconds(some)),
      LectureClaim(
        "for the same number of epochs smaller batches get further",
        when: loss(one) < loss(some) && loss(some) < loss(full)),
      LectureClaim(
        "small batches generally lead to better generalisation (here: the smaller, the better on the test)",
        when: one.accuracy >= some.accuracy && some.accuracy > full.accuracy),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(_ batchSize: Int, _ digits: LectureDigits, _ seed: UInt64) throws -> Outcome {
    let network = withRandomSeed(seed) { MLP(inputs: 64, hidden: [32], classes: 10, weightInitializer: .heNormal) }
    let noise = noise(network, batchSize, digits, seed)
    let (x, labels) = digits.wholeBatch
    func loss() -> Double { crossEntropy(network(x), labels).item() }

    var (losses, seconds) = ([loss()], [0.0])
    let note = LambdaHook("lecture", every: .epochs(1)) { moment in
      losses.append(loss())
      seconds.append((seconds.last ?? 0) + (moment.record?.seconds ?? 0))
    }
    let trainer = digits.trainer(network, SGD(learningRate: 0.02), batchSize: batchSize, seed: seed, hooks: [note])
    try trainer.fit(digits.train, epochs: epochs)
    return Outcome(
      batchSize: batchSize, losses: losses, seconds: seconds,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan, noise: noise,
      updatesInAnEpoch: BatchPlan(sampleCount: digits.train.count, batchSize: batchSize).batchCount)
  }

  /// The root mean square distance of 20 batches' gradients from the whole one's, divided by its length.
  private func noise(_ network: MLP, _ batchSize: Int, _ digits: LectureDigits, _ seed: UInt64) -> Double {
    func slope(_ x: Tensor, _ labels: Tensor) -> [Double] {
      let (_, gradients) = valueWithGradient(of: network) { crossEntropy(network(x), labels) }
      return concatenate(gradients.tensors.map { $0.flattened() }).scalars()
    }
    let (x, labels) = digits.wholeBatch
    let whole = slope(x, labels)
    let batches = digits.train.batches(of: batchSize, seed: seed, normalization: digits.normalization).prefix(20)
    let distances = batches.map { batch in
      zip(slope(Tensor(batch.inputs), Tensor(batch.targets)), whole).map { ($0 - $1) * ($0 - $1) }.reduce(0, +)
    }
    return (distances.mean / whole.map { $0 * $0 }.reduce(0, +)).squareRoot()
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    func curves(_ x: (Outcome) -> [Double]) -> [Series] {
      outcomes.map { .line("m = \($0.batchSize)", x: x($0), y: $0.losses, markers: false) }
    }
    let loss = Axis("training loss", scale: .logarithmic)
    let panels = [
      Panel(
        "for each epoch", x: .epochs, y: loss, legend: .shared,
        series: curves { $0.losses.indices.map(Double.init) }),
      Panel(
        "for each update", x: Axis("updates", scale: .logarithmic), y: loss, legend: .shared,
        series: curves { outcome in outcome.losses.indices.map { Double($0 * outcome.updatesInAnEpoch) } }),
      Panel(
        "for each second", x: Axis("seconds", scale: .logarithmic), y: loss, legend: .shared,
        series: curves(\.seconds)),
    ]
    return .init("batch-size", Figure("Batch sizes", columns: 3, panelSize: .lecture, panels: panels))
  }
}
