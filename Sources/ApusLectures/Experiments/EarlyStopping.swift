import Apus

/// Stopping when the validation loss stops to decrease.
public struct EarlyStoppingLecture: LectureExperiment {
  /// The name of the command.
  public let name = "early-stopping"
  /// One line.
  public let title = "Early stopping on a validation sample"
  /// The place.
  public let source = "notes, section 2.4.6; slides, Early Stopping"

  /// Passes over the training samples at most.
  public var epochs: Int
  /// Training samples.
  public var samples: Int
  /// Epochs without improvement after which training stops.
  public var patience: Int

  /// The experiment.
  public init(epochs: Int = 100, samples: Int = 300, patience: Int = 10) {
    self.epochs = epochs
    self.samples = samples
    self.patience = patience
  }

  /// Trains twice: with early stopping, and to the last epoch.
  public func run(seed: UInt64) throws -> LectureResult {
    let data = try NoisyDigits(count: samples, wrongPart: 0.15, seed: seed)
    let (stopping, stoppedNetwork) = trainer(data, seed, EarlyStopping(patience: patience, monitor: .loss))
    try stopping.fit(data.train, validation: data.validation, epochs: epochs)

    // The same training without a validation part goes on to the end; what it would have shown is noted on the side.
    let (whole, wholeNetwork) = trainer(data, seed, EarlyStopping())
    var validation: [Double] = []
    whole.hooks = [
      LambdaHook("validation loss", every: .epochs(1)) { _ in
        validation.append(try data.judge(wholeNetwork, on: data.validation).loss)
      }
    ]
    try whole.fit(data.train, epochs: epochs)

    let best = stopping.bestEpoch ?? 0
    let stopped = try data.judge(stoppedNetwork, on: data.test)
    let end = try data.judge(wholeNetwork, on: data.test)
    func row(_ name: String, _ epoch: Int, _ test: (loss: Double, accuracy: Double)) -> [String] {
      let training = whole.history.indices.contains(epoch - 1) ? whole.history[epoch - 1].trainLoss : .nan
      let judged = validation.indices.contains(epoch - 1) ? validation[epoch - 1] : .nan
      return [name, "\(epoch)", training.short, judged.short, test.loss.short, test.accuracy.percent]
    }
    let table = LectureTable(
      ["weights", "epoch", "training loss", "validation loss", "test loss", "test accuracy"],
      [row("early stopping", best, stopped), row("to the end", epochs, end)])
    let values: [String: Double] = [
      "best_epoch": Double(best), "stopped_after": Double(stopping.history.count), "epochs": Double(epochs),
      "stopped_test_loss": stopped.loss, "end_test_loss": end.loss, "stopped_test_accuracy": stopped.accuracy,
      "end_test_accuracy": end.accuracy, "end_training_loss": whole.history.last?.trainLoss ?? .nan,
      "lowest_validation_loss": validation.min() ?? .nan, "end_validation_loss": validation.last ?? .nan,
    ]
    let lowest = validation.min() ?? .nan
    let last = validation.last ?? .nan
    let paragraph = """
      On \(samples) digits of which 15 % have a wrong label the training loss went from \
      \((whole.history.first?.trainLoss ?? .nan).short) to \((whole.history.last?.trainLoss ?? .nan).short) in \(epochs) \
      epochs; the validation loss was lowest, \(lowest.short), after epoch \(best) and \(last.short) at the end. Early \
      stopping with a patience of \(patience) epochs ended the training after epoch \(stopping.history.count) and gave the \
      weights of epoch \(best) back. On the test their loss is \(stopped.loss.short) and their accuracy \
      \(stopped.accuracy.percent); training to the end gives \(end.loss.short) and \(end.accuracy.percent).
      """
    let claims = [
      LectureClaim(
        "the prediction error on the training set goes down as training goes on",
        when: (whole.history.last?.trainLoss ?? .nan) < (whole.history.first?.trainLoss ?? .nan)),
      LectureClaim(
        "after a while the validation error stops decreasing and starts to go back up (by a tenth at least)",
        when: last > 1.1 * lowest),
      LectureClaim("early stopping ends the training early", when: stopping.history.count < epochs),
      LectureClaim("the stopped network has the smaller loss on the test", when: stopped.loss < end.loss),
      LectureClaim("the stopped network has the better accuracy on the test", when: stopped.accuracy > end.accuracy),
    ]
    let drawing = drawing(whole.history, validation, best: best, end: stopping.history.count)
    return LectureResult(tables: [table], drawings: [drawing], paragraph: paragraph, claims: claims, values: values)
  }

  private func trainer(_ data: NoisyDigits, _ seed: UInt64, _ rule: EarlyStopping) -> (Trainer<MLP>, MLP) {
    let network = withRandomSeed(seed) {
      MLP(inputs: 64, hidden: [128, 128], classes: 10, weightInitializer: .heNormal)
    }
    var options = TrainingOptions()
    (options.batchSize, options.seed, options.normalization) = (32, seed, data.normalization)
    options.earlyStopping = rule
    let trainer = Trainer(
      network, loss: { crossEntropy($0, $1) }, optimizer: Adam(learningRate: 1e-3), options: options)
    return (trainer, network)
  }

  private func drawing(
    _ history: [EpochRecord], _ validation: [Double], best: Int, end: Int
  ) -> LectureResult.Drawing {
    let x = validation.indices.map { Double($0 + 1) }
    let figure = Figure(
      "Early stopping", x: .epochs, y: Axis("loss", from: 0), legend: .below, size: .init(640, 420),
      series: [
        history.line("training", \.trainLoss), .line("validation", x: x, y: validation, markers: false),
      ],
      annotations: [
        .verticalLine(at: Double(best), "best"), .verticalLine(at: Double(end), "stopped"),
      ])
    return .init("early-stopping", figure)
  }
}
