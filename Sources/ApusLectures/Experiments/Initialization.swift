import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A deep network with naive initial weights and with Xavier's and He's: signals and gradients at its start, and what it
/// learns.
public struct InitializationLecture: LectureExperiment {
  /// The name of the command.
  public let name = "initialization"
  /// One line.
  public let title = "Xavier and He against naive initial weights in a deep network"
  /// The place.
  public let source = "notes, section 2.4.5; slides, Parameter Initialization Strategies (3/5) and (4/5)"

  /// Hidden layers.
  public var depth: Int
  /// Units of every layer whose signals are measured.
  public var width: Int
  /// Passes over the digits of the networks that are trained.
  public var epochs: Int
  /// Training samples.
  public var samples: Int

  /// The experiment.
  public init(depth: Int = 10, width: Int = 256, epochs: Int = 10, samples: Int = 1438) {
    (self.depth, self.width) = (depth, width)
    (self.epochs, self.samples) = (epochs, samples)
  }

  /// A start of a network: how weights of a layer of `width` units are drawn.
  private struct Start: Sendable {
    let key: String
    let name: String
    let initializer: @Sendable (_ width: Int) -> Initializer
  }

  private let starts: [Start] = [
    Start(key: "naive", name: "normal, deviation 0.01") { _ in .normal(standardDeviation: 0.01) },
    Start(key: "large", name: "normal, deviation 1") { _ in .normal(standardDeviation: 1) },
    Start(key: "printed", name: "uniform, c as printed") { width in
      let bound = (6.0).squareRoot() / Double(2 * width)
      return .uniform(-bound...bound)
    },
    Start(key: "xavier", name: "Xavier") { _ in .glorotNormal },
    Start(key: "he", name: "He") { _ in .heNormal },
  ]

  /// The deviations of every layer's activations h(k) and of the loss's gradient with respect to a(k), and how a network
  /// with this start learns the digits.
  private struct Flow {
    let activation: String
    let start: Start
    let activations: [Double]
    let gradients: [Double]
    let history: [EpochRecord]
    /// Nil when the training diverged.
    let accuracy: Double?
    /// How the deviation changes from the first to the last layer.
    var forward: Double { (activations.last ?? 0) / (activations.first ?? 1) }
    /// How the gradient changes from the last to the first layer.
    var backward: Double { (gradients.first ?? 0) / (gradients.last ?? 1) }
    /// Whether both keep their size but for a quarter in each layer.
    var isSteady: Bool {
      [forward, backward].allSatisfy { (0.8...1.25).contains(pow($0, 1 / Double(max(activations.count - 1, 1)))) }
    }
  }

  /// Measures and trains every start with tanh and with ReLU.
  public func run(seed: UInt64) throws -> LectureResult {
    let digits = try LectureDigits(count: samples)
    var flows: [String: Flow] = [:]
    var keys: [String] = []
    for activation in [Activation.tanh, .relu] {
      for start in starts {
        keys.append("\(activation.name)_\(start.key)")
        flows[keys[keys.count - 1]] = try flow(activation, start, digits, seed)
      }
    }
    let all = keys.compactMap { flows[$0] }
    var values: [String: Double] = [:]
    for (key, flow) in zip(keys, all) {
      values["\(key)_activation_ratio"] = flow.forward
      values["\(key)_gradient_ratio"] = flow.backward
      values["\(key)_test_accuracy"] = flow.accuracy ?? .nan
    }
    let table = LectureTable(
      [
        "activation", "initial weights", "h(1)", "h(\(depth))", "ratio", "grad a(\(depth))", "grad a(1)", "ratio",
        "test accuracy",
      ],
      all.map { flow in
        let (h, g) = (flow.activations, flow.gradients)
        let cells = [h.first, h.last, flow.forward, g.last, g.first, flow.backward].map { ($0 ?? .nan).short }
        return [flow.activation, flow.start.name] + cells + [flow.accuracy.percentOrDiverged]
      })
    return LectureResult(
      tables: [table], drawings: [drawing(all)], paragraph: paragraph(values, flows), claims: claims(flows),
      values: values)
  }

  private func paragraph(_ values: [String: Double], _ flows: [String: Flow]) -> String {
    func value(_ name: String) -> String { (values[name] ?? .nan).short }
    func accuracy(_ name: String) -> String { (flows[name]?.accuracy).percentOrDiverged }
    return """
      Normal inputs went through \(depth) hidden layers of \(width) units, and a random direction came back as a gradient; \
      the numbers are deviations. From the first to the last ReLU layer the signal changes by a factor of \
      \(value("relu_naive_activation_ratio")) with weights of deviation 0.01, \(value("relu_large_activation_ratio")) with \
      deviation 1, \(value("relu_xavier_activation_ratio")) with Xavier's sqrt(2 / (n_inputs + n_outputs)) and \
      \(value("relu_he_activation_ratio")) with He's, which is larger by sqrt(2); the gradient on the way back by \
      \(value("relu_naive_gradient_ratio")), \(value("relu_large_gradient_ratio")), \(value("relu_xavier_gradient_ratio")) and \
      \(value("relu_he_gradient_ratio")). With tanh, Xavier's weights keep \(value("tanh_xavier_activation_ratio")) of the \
      signal and \(value("tanh_xavier_gradient_ratio")) of the gradient. The bound of section 2.4.5 as it is printed, c = \
      sqrt(6) / (N_k + N_(k-1)), leaves \(value("tanh_printed_activation_ratio")) of tanh's signal; in Glorot and Bengio's \
      paper the root is over the sum as well, c = sqrt(6 / (N_k + N_(k-1))), and that is Apus's glorotUniform. Networks of \
      \(depth) hidden layers of 64 units, trained from these starts by momentum for \(epochs) epochs, classify of the test: \
      with ReLU \(accuracy("relu_naive")), \(accuracy("relu_large")), \(accuracy("relu_xavier")) and \
      \(accuracy("relu_he")) (deviation 0.01, deviation 1, Xavier, He), with tanh \(accuracy("tanh_naive")), \
      \(accuracy("tanh_large")), \(accuracy("tanh_xavier")) and \(accuracy("tanh_he")).
      """
  }

  private func claims(_ flows: [String: Flow]) -> [LectureClaim] {
    func flow(_ key: String, _ test: (Flow) -> Bool) -> Bool { flows[key].map(test) ?? false }
    let small = Double(sign: .plus, exponent: 1 - depth, significand: 1)
    func accuracy(_ key: String) -> Double { (flows[key]?.accuracy) ?? 0 }
    return [
      LectureClaim(
        "with naive small weights signals and gradients shrink by more than a half in each layer",
        when: ["tanh_naive", "relu_naive"].allSatisfy { flow($0) { max($0.forward, $0.backward) < small } }),
      LectureClaim(
        "with naive large weights gradients grow by more than two in each layer",
        when: ["tanh_large", "relu_large"].allSatisfy { flow($0) { $0.backward > 1 / small } }),
      LectureClaim(
        "Xavier's weights keep signals and gradients of tanh (to a quarter in each layer)",
        when: flow("tanh_xavier", \.isSteady)),
      LectureClaim("Xavier's weights keep those of ReLU as well", when: flow("relu_xavier", \.isSteady)),
      LectureClaim("the factor sqrt(2) for ReLU (He) keeps them", when: flow("relu_he", \.isSteady)),
      LectureClaim(
        "c = sqrt(6) / (N_k + N_(k-1)), as printed, keeps the signals of tanh", when: flow("tanh_printed", \.isSteady)),
      LectureClaim(
        "a deep ReLU network learns from Xavier's and He's weights and not from naive ones",
        when: min(accuracy("relu_xavier"), accuracy("relu_he")) > 0.8
          && max(accuracy("relu_naive"), accuracy("relu_large")) < 0.5),
    ]
  }

  private func flow(_ activation: Activation, _ start: Start, _ digits: LectureDigits, _ seed: UInt64) throws -> Flow {
    let layers = withRandomSeed(seed) {
      (0..<depth).map { _ in
        Dense(width, width, weightInitializer: start.initializer(width), biasInitializer: .zeros)
      }
    }
    let x = Tensor.randomNormal([width, width], seed: seed)
    let direction = Tensor.randomNormal([width, width], seed: seed &+ 1)
    // Zeros that are added to a(k): the gradient with respect to them is the gradient with respect to a(k).
    let probes = layers.map { _ in Tensor.zeros([width, width]) }
    var activations: [Tensor] = []
    let gradients = gradient(at: probes) { probes in
      var h = x
      for (layer, probe) in zip(layers, probes) {
        h = activation(layer(h) + probe)
        activations.append(h)
      }
      return (h * direction).sum()
    }
    // The root of the mean square: what the variances of the slides are about.
    func size(_ tensor: Tensor) -> Tensor { sqrt(tensor.squared().mean()) }
    let (up, down) = (stack(activations.map(size)), stack(gradients.map(size)))

    let network = withRandomSeed(seed) {
      MLP(
        inputs: 64, hidden: [Int](repeating: 64, count: depth), classes: 10, activation: activation,
        weightInitializer: start.initializer(64), biasInitializer: .zeros)
    }
    let trainer = digits.trainer(network, SGD(learningRate: 0.02, momentum: 0.9), seed: seed)
    let accuracy = try digits.accuracy(of: trainer, epochs: epochs)
    return Flow(
      activation: activation.name, start: start, activations: up.scalars(), gradients: down.scalars(),
      history: trainer.history, accuracy: accuracy)
  }

  private func drawing(_ flows: [Flow]) -> LectureResult.Drawing {
    let layers = (1...depth).map(Double.init)
    let panels = ["tanh", "relu"].flatMap { name in
      let chosen = flows.filter { $0.activation == name }
      let title = name == "relu" ? "ReLU" : name
      return [
        Panel(
          "\(title): activations", x: .layers, y: Axis("deviation of h(k)", scale: .logarithmic), legend: .shared,
          series: chosen.map { .line($0.start.name, x: layers, y: $0.activations) }),
        Panel(
          "\(title): gradients", x: .layers, y: Axis("deviation of grad a(k)", scale: .logarithmic), legend: .shared,
          series: chosen.map { .line($0.start.name, x: layers, y: $0.gradients) }),
        Panel(
          "\(title): training", x: .epochs, y: Axis("training loss", from: 0, to: 4), legend: .shared,
          series: chosen.map { $0.history.line($0.start.name, \.trainLoss) },
          annotations: chosen.filter { $0.accuracy == nil }.map {
            .text("\($0.start.name): diverged", x: 1.2, y: 3.8)
          }),
      ]
    }
    return .init(
      "initialization", Figure("Initial weights of a deep network", columns: 3, panelSize: .lecture, panels: panels))
  }
}
