import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The factor of 1/16: why gradients vanish in deep sigmoid networks, and what helps.
public struct VanishingLecture: LectureExperiment {
  /// The name of the command.
  public let name = "vanishing"
  /// One line.
  public let title = "Vanishing gradients: the factor of 1/16, and its cure by ReLU, initialisation and batch norm"
  /// The place.
  public let source = "slides, Vanishing/Exploding Gradients Problem (1/4) to (4/4), Overcoming the Vanishing Gradient"

  /// Hidden layers of the networks that are trained.
  public var depth: Int
  /// Passes over the digits.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(depth: Int = 10, epochs: Int = 15, samples: Int = 1438) {
    self.depth = depth
    self.epochs = epochs
    self.samples = samples
  }

  /// A deep network and what became of it.
  private struct Outcome {
    let key: String
    let name: String
    /// The norm of the gradient of W(k) at the start, for every hidden layer.
    let norms: [Double]
    let history: [EpochRecord]
    let accuracy: Double
    /// The mean factor by which the norm shrinks over two layers on the way down.
    var factorOverTwoLayers: Double {
      guard let first = norms.first, let last = norms.last, norms.count > 1 else { return .nan }
      return pow(first / last, 2 / Double(norms.count - 1))
    }
  }

  /// Takes the gradients of the slides' chain, then of deep networks, and trains those.
  public func run(seed: UInt64) throws -> LectureResult {
    let chain = chainGradients(layers: 12)
    let slides = Array(chainGradients(layers: 4))
    let factor = slides[0] / slides[2]
    let digits = try LectureDigits(count: samples)
    let outcomes = try [
      outcome("sigmoid", "sigmoid, deviation 0.01", .sigmoid, .normal(standardDeviation: 0.01), false, digits, seed),
      outcome("xavier", "sigmoid, Xavier", .sigmoid, .glorotNormal, false, digits, seed),
      outcome("norm", "sigmoid, Xavier, batch norm", .sigmoid, .glorotNormal, true, digits, seed),
      outcome("tanh", "tanh, Xavier", .tanh, .glorotNormal, false, digits, seed),
      outcome("naive_relu", "ReLU, deviation 0.01", .relu, .normal(standardDeviation: 0.01), false, digits, seed),
      outcome("relu", "ReLU, He", .relu, .heNormal, false, digits, seed),
    ]
    let table = LectureTable(
      ["network", "grad W(1)", "grad W(\(depth))", "factor over two layers", "test accuracy"],
      outcomes.map {
        [
          $0.name, ($0.norms.first ?? .nan).short, ($0.norms.last ?? .nan).short, $0.factorOverTwoLayers.short,
          $0.accuracy.percent,
        ]
      })
    var values = ["chain_factor": factor, "chain_bound": 1.0 / 16]
    for outcome in outcomes {
      values["\(outcome.key)_factor_over_two_layers"] = outcome.factorOverTwoLayers
      values["\(outcome.key)_first_to_last"] = (outcome.norms.first ?? .nan) / (outcome.norms.last ?? .nan)
      values["\(outcome.key)_test_accuracy"] = outcome.accuracy
    }
    let (naive, xavier, norm) = (outcomes[0], outcomes[1], outcomes[2])
    let (tanh, naiveReLU, relu) = (outcomes[3], outcomes[4], outcomes[5])
    func numbers(_ outcome: Outcome) -> String {
      "\(outcome.factorOverTwoLayers.short) and \(outcome.accuracy.percent)"
    }
    let paragraph = """
      In the slides' chain of four neurons, with weights 1 and biases 0, dC/db1 is \(factor.short) of dC/db3; 1/16 is 0.0625. \
      Over 12 neurons dC/db1 is \((chain[0] / chain[11]).short) of dC/db12. In networks of \(depth) hidden layers of 64 units \
      on the digits, the factor by which the norm of the gradient of W changes over two layers on the way down, and the \
      test accuracy after \(epochs) epochs of momentum, are: sigmoid with weights of deviation 0.01 \(numbers(naive)), with \
      Xavier's \(numbers(xavier)), with Xavier's and batch normalisation before each sigmoid \(numbers(norm)); tanh with \
      Xavier's \(numbers(tanh)); ReLU with weights of deviation 0.01 \(numbers(naiveReLU)), with He's \(numbers(relu)).
      """
    let claims = [
      LectureClaim(
        "the gradient dC/db1 is a factor of 16 (or more) smaller than dC/db3", when: slides[0] * 16 <= slides[2]),
      LectureClaim(
        "a deep sigmoid network with small random weights does not learn (accuracy below 50 %)",
        when: naive.accuracy < 0.5),
      LectureClaim(
        "Xavier's initialisation lessens the vanishing",
        when: xavier.factorOverTwoLayers > naive.factorOverTwoLayers),
      LectureClaim(
        "Xavier's initialisation alone overcomes it for sigmoids (accuracy above 80 %)", when: xavier.accuracy > 0.8),
      LectureClaim(
        "batch normalisation overcomes it, with the same sigmoids and weights", when: norm.accuracy > 0.8),
      LectureClaim(
        "a nonsaturating activation alone overcomes it, with the naive weights", when: naiveReLU.accuracy > 0.8),
      LectureClaim("a nonsaturating activation with the weights meant for it overcomes it", when: relu.accuracy > 0.8),
    ]
    return LectureResult(
      tables: [table], drawings: [drawing(chain, outcomes)], paragraph: paragraph, claims: claims, values: values)
  }

  /// dC/db_1, ..., dC/db_n of a chain `a_j = sigmoid(w_j a_(j-1) + b_j)` with w = 1, b = 0, a_0 = 1 and C = a_n.
  private func chainGradients(layers: Int) -> [Double] {
    let biases = (0..<layers).map { _ in Tensor(repeating: 0, shape: [], dtype: .float64) }
    let gradients = gradient(at: biases) { biases in
      biases.reduce(Tensor(repeating: 1, shape: [], dtype: .float64)) { a, b in sigmoid(a + b) }
    }
    return gradients.map { $0.item() }
  }

  private func outcome(
    _ key: String, _ name: String, _ activation: Activation, _ weights: Initializer, _ isNormalized: Bool,
    _ digits: LectureDigits, _ seed: UInt64
  ) throws -> Outcome {
    let dense = withRandomSeed(seed) {
      (0..<depth).map { _ in Dense(64, 64, weightInitializer: weights, biasInitializer: .zeros) }
    }
    // The slides put the normalisation just before the activation function.
    let hidden: [any Layer] = dense.flatMap { layer -> [any Layer] in
      [layer] + (isNormalized ? [BatchNorm(64)] : []) + [ActivationLayer(activation)]
    }
    let output = withRandomSeed(seed, step: 1) { Dense(64, 10, weightInitializer: weights, biasInitializer: .zeros) }
    let network = Sequential([Flatten()] + hidden + [output])

    let (x, labels) = digits.wholeBatch
    let (_, gradients) = valueWithGradient(of: network) { crossEntropy(network(x), labels) }
    let norms = stack(dense.compactMap { gradients[$0.weight]?.norm() })
    let trainer = digits.trainer(network, SGD(learningRate: 0.02, momentum: 0.9), seed: seed)
    let norm: [Double] = norms.scalars()
    try trainer.fit(digits.train, epochs: epochs)
    return Outcome(
      key: key, name: name, norms: norm, history: trainer.history,
      accuracy: try trainer.evaluate(digits.test).accuracy ?? .nan)
  }

  private func drawing(_ chain: [Double], _ outcomes: [Outcome]) -> LectureResult.Drawing {
    let neurons = chain.indices.map { Double($0 + 1) }
    let bound = chain.indices.map { (chain.last ?? 1) * pow(0.25, Double(chain.count - 1 - $0)) }
    let layers = (1...depth).map(Double.init)
    let panels = [
      Panel(
        "a chain of 12 neurons", x: Axis("neuron j", isWhole: true), y: Axis("dC/db_j", scale: .logarithmic),
        legend: .topLeft,
        series: [
          .line("dC/db_j", x: neurons, y: chain), .line("1/4 for each layer", x: neurons, y: bound, dash: .dashed),
        ]),
      Panel(
        "gradients at the start", x: .layers,
        y: Axis("norm of grad W(k)", scale: .logarithmic), legend: .shared,
        series: outcomes.map { .line($0.name, x: layers, y: $0.norms) }),
      Panel(
        "training", x: .epochs, y: Axis("training loss", from: 0), legend: .shared,
        series: outcomes.map { $0.history.line($0.name, \.trainLoss) }),
    ]
    return .init("vanishing", Figure("Vanishing gradients", columns: 3, panelSize: .lecture, panels: panels))
  }
}
