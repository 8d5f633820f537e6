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
  /// Networks of the ensemble.
  public var members: Int

  /// The experiment.
  public init(epochs: Int = 100, samples: Int = 300, width: Int = 128, members: Int = 5) {
    (self.epochs, self.samples) = (epochs, samples)
    (self.width, self.members) = (width, members)
  }

  /// What is done against overfitting.
  private struct Regularizer {
    let key: String
    let name: String
    var penalty = WeightPenalty()
    var limit: MaxNorm?
    var dropout = 0.0
    var normalization = HiddenNormalization.none
    var augmentation: Augmentation?
    var adversarial: AdversarialTraining?
    /// Networks whose predictions are averaged.
    var members = 1
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
      Regularizer(key: "elastic_net", name: "elastic net", penalty: .elasticNet(l1: 0.0005, l2: 0.0025)),
      Regularizer(key: "max_norm", name: "max-norm", limit: MaxNorm(1)),
      Regularizer(key: "dropout", name: "dropout", dropout: 0.5),
      Regularizer(key: "noise", name: "noise", augmentation: Augmentation("noise=0.3")),
      Regularizer(key: "augmentation", name: "shifts", augmentation: Augmentation("shift=1,rotate=10,zoom=0.1")),
      Regularizer(key: "batch_norm", name: "batch norm", normalization: .batch),
      Regularizer(key: "adversarial", name: "adversarial", adversarial: AdversarialTraining(.fgsm(epsilon: 0.05))),
      Regularizer(key: "ensemble", name: "ensemble", members: members),
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
      label. With nothing against it, it classifies \(none.trainAccuracy.percent) of the training part as labelled, with \
      the loss \((none.trainLosses.last ?? .nan).short); on the test the loss is \(none.testLoss.short) and the accuracy \
      \(none.testAccuracy.percent). With each regulariser of the notes and slides, test loss and accuracy are: \
      \(others.joined(separator: "; ")). Early stopping took the weights of epoch \(epoch) of the first training, where the \
      validation loss was lowest; the ensemble averages \(members) networks from different starts. What helps most depends \
      on the data and on each lambda, r and p, which were chosen once, not tuned.
      """
    let claims =
      [
        LectureClaim(
          "a network with many parameters fits even wrong labels (over 95 % of the training part)",
          when: none.trainAccuracy > 0.95),
        LectureClaim(
          "its loss on the test is over twice that on the training part",
          when: none.testLoss > 2 * (none.trainLosses.last ?? .nan)),
      ]
      + outcomes.dropFirst().map { outcome in
        LectureClaim(
          "with \(outcome.name) the test loss is lower, and the test accuracy does not fall",
          when: outcome.testLoss < none.testLoss && outcome.testAccuracy >= none.testAccuracy)
      } + [
        LectureClaim(
          "training with dropout is much slower (over twice the training loss after the same epochs)",
          when: outcomes.contains {
            $0.key == "dropout" && ($0.trainLosses.last ?? .nan) > 2 * (none.trainLosses.last ?? .nan)
          })
      ]
    return LectureResult(
      tables: [table], drawings: [curves(outcomes, epoch), bars(outcomes)], paragraph: paragraph, claims: claims,
      values: values)
  }

  private func network(_ regularizer: Regularizer, _ seed: UInt64) -> MLP {
    withRandomSeed(seed) {
      MLP(
        inputs: 64, hidden: [width, width], classes: 10, dropout: regularizer.dropout,
        normalization: regularizer.normalization, weightInitializer: .heNormal)
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
          let loss =
            regularizer.adversarial.map {
              AdversarialLoss($0, range: data.range)(network, x, labels) { crossEntropy($0, $1) }.loss
            } ?? crossEntropy(network(x), labels)
          return regularizer.penalty.isZero ? loss : loss + regularizer.penalty(network)
        }
      }
      optimizer.update(network, along: gradients)
      guard let limit = regularizer.limit else { continue }
      for layer in network.layers { layer.weight.value = limit(layer.weight.value) }
    }
  }

  private func outcome(_ regularizer: Regularizer, _ data: NoisyDigits, _ seed: UInt64) throws -> Outcome {
    let networks = (0..<regularizer.members).map { network(regularizer, seed &+ UInt64($0)) }
    let optimizers = networks.map { _ in Adam(learningRate: 1e-3) }
    let judged = Ensemble(networks)
    func judge(_ part: Dataset) throws -> (loss: Double, accuracy: Double) {
      networks.count == 1 ? try data.judge(networks[0], on: part) : try data.judge(judged, on: part)
    }
    var (trainLosses, validationLosses): ([Double], [Double]) = ([], [])
    for epoch in 0..<epochs {
      for (number, member) in networks.enumerated() {
        train(member, optimizers[number], regularizer, data, epoch, seed &+ UInt64(number))
      }
      trainLosses.append(try judge(data.train).loss)
      validationLosses.append(try judge(data.validation).loss)
    }
    let test = try judge(data.test)
    return Outcome(
      key: regularizer.key, name: regularizer.name, trainLosses: trainLosses, validationLosses: validationLosses,
      trainAccuracy: try judge(data.train).accuracy, testLoss: test.loss, testAccuracy: test.accuracy)
  }

  /// The first training again, up to the epoch of its lowest validation loss.
  private func stopped(_ plain: Outcome, _ data: NoisyDigits, _ seed: UInt64) throws -> (Outcome, epoch: Int) {
    let lowest = plain.validationLosses.indices.min { plain.validationLosses[$0] < plain.validationLosses[$1] } ?? 0
    let nothing = Regularizer(key: "none", name: "none")
    let (network, optimizer) = (network(nothing, seed), Adam(learningRate: 1e-3))
    for epoch in 0...lowest { train(network, optimizer, nothing, data, epoch, seed) }
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
    func validation(_ title: String, _ keys: [String]) -> Panel {
      let chosen = outcomes.filter { keys.contains($0.key) }
      return Panel(
        title, x: .epochs, y: Axis("validation loss", from: 0), legend: .below,
        series: [line(outcomes[0].name, outcomes[0].validationLosses)]
          + chosen.map { line($0.name, $0.validationLosses) })
    }
    let panels = [
      Panel(
        "without a regulariser", x: .epochs, y: Axis("loss", from: 0), legend: .below,
        series: [line("training", outcomes[0].trainLosses), line("validation", outcomes[0].validationLosses)],
        annotations: [.verticalLine(at: Double(epoch))]),
      validation("penalties and limits", ["l2", "l1", "elastic_net", "max_norm"]),
      validation("other networks", ["dropout", "batch_norm", "ensemble"]),
      validation("changed samples", ["noise", "augmentation", "adversarial"]),
    ]
    return .init("curves", Figure("Overfitting", columns: 2, panelSize: .lecture, panels: panels))
  }

  private func bars(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let places = outcomes.indices.map(Double.init)
    var axis = Axis.categories(outcomes.map(\.name))
    (axis.lower, axis.upper) = (-0.7, Double(outcomes.count) - 0.3)
    let panels = [
      Panel("test loss", x: axis, y: Axis(from: 0), series: [.bars(x: places, heights: outcomes.map(\.testLoss))]),
      Panel(
        "test accuracy in per cent", x: axis, y: Axis(from: 50, to: 100),
        series: [.bars(x: places, heights: outcomes.map { $0.testAccuracy * 100 })]),
    ]
    return .init(
      "test", Figure("What each regulariser does", columns: 1, panelSize: .init(820, 320), panels: panels))
  }
}
