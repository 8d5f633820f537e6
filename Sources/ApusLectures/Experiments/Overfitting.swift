import Apus

/// A large network on few samples learns them by heart; each regulariser against that.
public struct OverfittingLecture: LectureExperiment {
  /// The name of the command.
  public let name = "overfitting"
  /// One line.
  public let title = "Overfitting, and what each regulariser does about it"
  /// The place.
  public let source = "notes, sections 2.4.2 and 2.4.6; slides, Avoiding Overfitting Through Regularization"

  /// Passes over the training samples.
  public var epochs: Int
  /// Training samples.
  public var samples: Int
  /// Units of each of the two hidden layers.
  public var width: Int

  /// The experiment.
  public init(epochs: Int = 100, samples: Int = 300, width: Int = 128) {
    self.epochs = epochs
    self.samples = samples
    self.width = width
  }

  /// What is done against overfitting.
  private struct Regularizer {
    let key: String
    let name: String
    var penalty = WeightPenalty()
    var limit: MaxNorm?
    var dropout = 0.0
    var augmentation: Augmentation?
  }

  private struct Outcome {
    let key: String
    let name: String
    /// After every epoch.
    let trainLosses: [Double]
    let validationLosses: [Double]
    let trainAccuracy: Double
    let testLoss: Double
    let testAccuracy: Double
  }

  /// Trains the same network with each.
  public func run(seed: UInt64) throws -> LectureResult {
    let data = try NoisyDigits(count: samples, wrongPart: 0.15, seed: seed)
    let regularizers = try [
      Regularizer(key: "none", name: "none"),
      Regularizer(key: "l2", name: "L2", penalty: .l2(0.005)),
      Regularizer(key: "l1", name: "L1", penalty: .l1(0.001)),
      Regularizer(key: "max_norm", name: "max-norm", limit: MaxNorm(1)),
      Regularizer(key: "dropout", name: "dropout", dropout: 0.5),
      Regularizer(key: "noise", name: "noise", augmentation: Augmentation("noise=0.3")),
      Regularizer(key: "augmentation", name: "shifts", augmentation: Augmentation("shift=1,rotate=10,zoom=0.1")),
    ]
    var outcomes = try regularizers.map { try outcome($0, data, seed) }
    let (stopped, epoch) = try stopped(outcomes[0], data, seed)
    outcomes.append(stopped)

    let table = LectureTable(
      ["regulariser", "training loss", "training accuracy", "test loss", "test accuracy"],
      outcomes.map {
        [
          $0.name, ($0.trainLosses.last ?? .nan).short, $0.trainAccuracy.percent, $0.testLoss.short,
          $0.testAccuracy.percent,
        ]
      })
    var values = ["early_stopping_epoch": Double(epoch)]
    for outcome in outcomes {
      values["\(outcome.key)_training_loss"] = outcome.trainLosses.last
      values["\(outcome.key)_training_accuracy"] = outcome.trainAccuracy
      values["\(outcome.key)_test_loss"] = outcome.testLoss
      values["\(outcome.key)_test_accuracy"] = outcome.testAccuracy
    }
    let none = outcomes[0]
    let others = outcomes.dropFirst().map { "\($0.name) \($0.testLoss.short) and \($0.testAccuracy.percent)" }
    let paragraph = """
      A network 64-\(width)-\(width)-10 was trained for \(epochs) epochs on \(samples) digits of which 15 % have a wrong \
      label. With nothing against it the network learns even the wrong labels by heart: \(none.trainAccuracy.percent) of \
      the training part, loss \((none.trainLosses.last ?? .nan).short), but on the test the loss is \(none.testLoss.short) \
      and the accuracy \(none.testAccuracy.percent). With each regulariser of the notes and slides, test loss and accuracy \
      are: \(others.joined(separator: "; ")). Early stopping took the weights of epoch \(epoch) of the first training, where \
      the validation loss was lowest. What helps most depends on the data and on each lambda, r and p, which were chosen \
      once, not tuned: "the hyperparameters have to be calibrated" (section 2.4.6).
      """
    return LectureResult(
      tables: [table], drawings: [curves(outcomes, epoch), bars(outcomes)], paragraph: paragraph, values: values)
  }

  private func network(_ dropout: Double, _ seed: UInt64) -> MLP {
    withRandomSeed(seed) {
      MLP(inputs: 64, hidden: [width, width], classes: 10, dropout: dropout, weightInitializer: .heNormal)
    }
  }

  /// One pass over the data: penalised loss, update, max-norm.
  private func train(
    _ network: MLP, _ optimizer: Adam, _ regularizer: Regularizer, _ data: NoisyDigits, _ epoch: Int, _ seed: UInt64
  ) {
    let batches = data.train.batches(
      of: 32, seed: seed, epoch: epoch, normalization: data.normalization, augmentation: regularizer.augmentation)
    for batch in batches {
      let (x, labels) = (Tensor(batch.inputs), Tensor(batch.targets))
      let (_, gradients) = withRandomSeed(seed, step: optimizer.stepCount + 1) {
        valueWithGradient(of: network) {
          let loss = crossEntropy(network(x), labels)
          return regularizer.penalty.isZero ? loss : loss + regularizer.penalty(network)
        }
      }
      optimizer.update(network, along: gradients)
      guard let limit = regularizer.limit else { continue }
      for layer in network.layers { layer.weight.value = limit(layer.weight.value) }
    }
  }

  private func outcome(_ regularizer: Regularizer, _ data: NoisyDigits, _ seed: UInt64) throws -> Outcome {
    let network = network(regularizer.dropout, seed)
    let optimizer = Adam(learningRate: 1e-3)
    var (trainLosses, validationLosses): ([Double], [Double]) = ([], [])
    for epoch in 0..<epochs {
      train(network, optimizer, regularizer, data, epoch, seed)
      trainLosses.append(try data.judge(network, on: data.train).loss)
      validationLosses.append(try data.judge(network, on: data.validation).loss)
    }
    let test = try data.judge(network, on: data.test)
    return Outcome(
      key: regularizer.key, name: regularizer.name, trainLosses: trainLosses, validationLosses: validationLosses,
      trainAccuracy: try data.judge(network, on: data.train).accuracy, testLoss: test.loss, testAccuracy: test.accuracy)
  }

  /// The first training again, up to the epoch of its lowest validation loss.
  private func stopped(_ plain: Outcome, _ data: NoisyDigits, _ seed: UInt64) throws -> (Outcome, epoch: Int) {
    let lowest = plain.validationLosses.indices.min { plain.validationLosses[$0] < plain.validationLosses[$1] } ?? 0
    let (network, optimizer) = (network(0, seed), Adam(learningRate: 1e-3))
    for epoch in 0...lowest { train(network, optimizer, Regularizer(key: "", name: ""), data, epoch, seed) }
    let (training, test) = (try data.judge(network, on: data.train), try data.judge(network, on: data.test))
    let outcome = Outcome(
      key: "early_stopping", name: "early stop", trainLosses: [training.loss], validationLosses: [],
      trainAccuracy: training.accuracy, testLoss: test.loss, testAccuracy: test.accuracy)
    return (outcome, lowest + 1)
  }

  private func curves(_ outcomes: [Outcome], _ epoch: Int) -> LectureResult.Drawing {
    func line(_ name: String, _ losses: [Double]) -> Series {
      .line(name, x: losses.indices.map { Double($0 + 1) }, y: losses, markers: false)
    }
    let panels = [
      Panel(
        "without a regulariser", x: .epochs, y: Axis("loss", from: 0), legend: .topRight,
        series: [line("training", outcomes[0].trainLosses), line("validation", outcomes[0].validationLosses)],
        annotations: [.verticalLine(at: Double(epoch))]),
      Panel(
        "validation loss", x: .epochs, y: Axis("loss", from: 0), legend: .topRight,
        series: outcomes.filter { !$0.validationLosses.isEmpty }.map { line($0.name, $0.validationLosses) }),
    ]
    return .init("curves", Figure("Overfitting", columns: 2, panelSize: .init(520, 420), panels: panels))
  }

  private func bars(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let places = outcomes.indices.map(Double.init)
    let axis = Axis.categories(outcomes.map(\.name))
    let panels = [
      Panel("test loss", x: axis, y: Axis(from: 0), series: [.bars(x: places, heights: outcomes.map(\.testLoss))]),
      Panel(
        "test accuracy in per cent", x: axis, y: Axis(from: 50, to: 100),
        series: [.bars(x: places, heights: outcomes.map { $0.testAccuracy * 100 })]),
    ]
    return .init(
      "test", Figure("What each regulariser does", columns: 1, panelSize: .init(760, 300), panels: panels))
  }
}
