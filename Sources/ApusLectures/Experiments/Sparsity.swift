import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The L1 penalty makes weights sparse, the L2 penalty makes them small.
public struct SparsityLecture: LectureExperiment {
  /// The name of the command.
  public let name = "sparsity"
  /// One line.
  public let title = "Sparse weights under L1, small weights under L2"
  /// The place.
  public let source = "notes, section 2.4.2; slides, l1 and l2 Regularization"

  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int
  /// The factor of the penalties.
  public var lambda: Double

  /// The experiment.
  public init(epochs: Int = 60, samples: Int = 1438, lambda: Double = 0.001) {
    self.epochs = epochs
    self.samples = samples
    self.lambda = lambda
  }

  /// Below this magnitude a weight counts as zero.
  private static let threshold = 1e-3

  private struct Outcome {
    let key: String
    let name: String
    /// All weights, biases left out.
    let weights: [Double]
    let accuracy: Double
    /// The accuracy after the weights below the threshold were set to 0.
    let prunedAccuracy: Double
    var zeros: Double { Double(weights.count { $0.magnitude < SparsityLecture.threshold }) / Double(weights.count) }
    var length: Double { weights.map { $0 * $0 }.reduce(0, +).squareRoot() }
  }

  /// Trains the same network with each penalty.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    let outcomes = try [
      outcome("none", "no penalty", WeightPenalty(), digits, seed),
      outcome("l2", "L2, lambda \(lambda)", .l2(lambda), digits, seed),
      outcome("l1", "L1, lambda \(lambda)", .l1(lambda), digits, seed),
    ]
    let table = LectureTable(
      ["penalty", "weights", "below 0.001", "length of all", "test accuracy", "with those set to 0"],
      outcomes.map {
        [
          $0.name, "\($0.weights.count)", $0.zeros.percent, $0.length.short, $0.accuracy.percent,
          $0.prunedAccuracy.percent,
        ]
      })
    var values: [String: Double] = [:]
    for outcome in outcomes {
      values["\(outcome.key)_part_near_zero"] = outcome.zeros
      values["\(outcome.key)_length"] = outcome.length
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy
      values["\(outcome.key)_pruned_accuracy"] = outcome.prunedAccuracy
    }
    let (none, l2, l1) = (outcomes[0], outcomes[1], outcomes[2])
    let paragraph = """
      A network 64-64-10 learnt the digits with lambda Omega(theta) added to its loss (section 2.4.2; weights only, no \
      biases). Of the \(l1.weights.count) weights there end below 0.001: \(l1.zeros.percent) with L1, whose gradient lambda \
      sign(w) is as strong on small weights as on large ones, \(l2.zeros.percent) with L2, whose gradient 2 lambda w fades \
      with the weight, and \(none.zeros.percent) without a penalty. The length of all weights together is \
      \(l1.length.short), \(l2.length.short) and \(none.length.short), the test accuracy \(l1.accuracy.percent), \
      \(l2.accuracy.percent) and \(none.accuracy.percent). With its small weights set to exactly 0 the network under L1 \
      classifies \(l1.prunedAccuracy.percent).
      """
    let claims = [
      LectureClaim(
        "L1 leads to parcimonious solutions (over ten times as many weights near 0 as without)",
        when: l1.zeros > 10 * none.zeros),
      LectureClaim(
        "L2 does not make weights 0 (under twice as many near 0 as without)", when: l2.zeros < 2 * none.zeros),
      LectureClaim("L2 makes the weights shorter", when: l2.length < none.length),
      LectureClaim(
        "the small weights of L1 can be left out (at most 0.5 % of the test lost)",
        when: l1.prunedAccuracy >= l1.accuracy - 0.005),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  private func outcome(
    _ key: String, _ name: String, _ penalty: WeightPenalty, _ digits: LectureDigits, _ seed: UInt64
  ) throws -> Outcome {
    let network = withRandomSeed(seed) { MLP(inputs: 64, hidden: [64], classes: 10, weightInitializer: .heNormal) }
    let optimizer = SGD(learningRate: 0.02, momentum: 0.9)
    for epoch in 0..<epochs {
      // The rate falls to 0, or the weights would go on jumping around 0 by a step of L1.
      optimizer.learningRate = 0.02 * (1 + cos(.pi * Double(epoch) / Double(epochs))) / 2
      for batch in digits.train.batches(of: 32, seed: seed, epoch: epoch, normalization: digits.normalization) {
        let (x, labels) = (Tensor(batch.inputs), Tensor(batch.targets))
        let (_, gradients) = valueWithGradient(of: network) {
          let loss = crossEntropy(network(x), labels)
          return penalty.isZero ? loss : loss + penalty(network)
        }
        optimizer.update(network, along: gradients)
      }
    }
    func accuracy() throws -> Double {
      try evaluate(network, on: digits.test, loss: { crossEntropy($0, $1) }, normalization: digits.normalization)
        .accuracy ?? .nan
    }
    let weights = network.layers.flatMap { $0.weight.value.scalars(as: Double.self) }
    let trained = try accuracy()
    for layer in network.layers {
      let weight = layer.weight.value
      layer.weight.value = weight * (abs(weight) .>= Self.threshold).cast(to: weight.dtype)
    }
    return Outcome(key: key, name: name, weights: weights, accuracy: trained, prunedAccuracy: try accuracy())
  }

  private func drawing(_ outcomes: [Outcome]) -> LectureResult.Drawing {
    let edges = (0...60).map { -0.6 + 0.02 * Double($0) }
    func counts(_ weights: [Double]) -> [Double] {
      var counts = [Double](repeating: 0, count: 60)
      for weight in weights {
        let bin = Int(((weight + 0.6) / 0.02).rounded(.down))
        if counts.indices.contains(bin) { counts[bin] += 1 }
      }
      // The last count once more, so that its step has an end.
      return counts + counts.suffix(1)
    }
    let panels = [
      Panel(
        "magnitudes in order", x: Axis("weight in this order"), y: Axis("|w|", scale: .logarithmic, from: 1e-8, to: 10),
        legend: .shared,
        series: outcomes.map { outcome in
          let sorted = outcome.weights.map(\.magnitude).sorted()
          return .line(outcome.name, x: sorted.indices.map(Double.init), y: sorted, markers: false)
        }, annotations: [.horizontalLine(at: Self.threshold)]),
      Panel(
        "how many weights", x: Axis("w"), y: Axis("weights in 0.02", scale: .logarithmic, from: 1), legend: .shared,
        series: outcomes.map { .steps($0.name, x: edges, y: counts($0.weights)) }),
    ]
    return .init("sparsity", Figure("Weights under penalties", columns: 2, panelSize: .lecture, panels: panels))
  }
}
