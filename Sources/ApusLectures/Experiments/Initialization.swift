import Apus

/// Signals and gradients in a deep network at its start, with naive initial weights and with Xavier's and He's.
public struct InitializationLecture: LectureExperiment {
  /// The name of the command.
  public let name = "initialization"
  /// One line.
  public let title = "Xavier and He against naive initial weights in a deep network"
  /// The place.
  public let source = "notes, section 2.4.5; slides, Parameter Initialization Strategies (3/5) and (4/5)"

  /// Hidden layers.
  public var depth: Int
  /// Units of every layer.
  public var width: Int

  /// The experiment.
  public init(depth: Int = 10, width: Int = 256) {
    self.depth = depth
    self.width = width
  }

  /// The deviations of every layer's activations h(k) and of the loss's gradient with respect to a(k).
  private struct Flow {
    let activation: String
    let start: String
    let activations: [Double]
    let gradients: [Double]
    /// How the deviation changes from the first to the last layer.
    var forward: Double { (activations.last ?? 0) / (activations.first ?? 1) }
    /// How the gradient changes from the last to the first layer.
    var backward: Double { (gradients.first ?? 0) / (gradients.last ?? 1) }
  }

  /// Measures every start with tanh and with ReLU.
  public func run(seed: UInt64) throws -> LectureResult {
    let printed = (6.0).squareRoot() / Double(2 * width)
    let starts: [(key: String, name: String, initializer: Initializer)] = [
      ("naive", "normal, deviation 0.01", .normal(standardDeviation: 0.01)),
      ("large", "normal, deviation 1", .normal(standardDeviation: 1)),
      ("printed", "uniform, c as printed", .uniform(-printed...printed)),
      ("xavier", "Xavier", .glorotNormal),
      ("he", "He", .heNormal),
    ]
    var flows: [Flow] = []
    var values: [String: Double] = [:]
    for activation in [Activation.tanh, .relu] {
      for start in starts {
        let flow = flow(activation, start.name, start.initializer, seed)
        flows.append(flow)
        values["\(activation.name)_\(start.key)_activation_ratio"] = flow.forward
        values["\(activation.name)_\(start.key)_gradient_ratio"] = flow.backward
      }
    }
    func value(_ name: String) -> String { (values[name] ?? .nan).short }
    let table = LectureTable(
      ["activation", "initial weights", "h(1)", "h(\(depth))", "ratio", "grad a(\(depth))", "grad a(1)", "ratio"],
      flows.map { flow in
        let (h, g) = (flow.activations, flow.gradients)
        let cells = [h.first, h.last, flow.forward, g.last, g.first, flow.backward].map { ($0 ?? .nan).short }
        return [flow.activation, flow.start] + cells
      })
    let paragraph = """
      Normal inputs went through \(depth) hidden layers of \(width) units, and a random direction came back as a gradient; \
      the numbers are deviations. With weights of deviation 0.01 the signal of ReLU layers shrinks to \
      \(value("relu_naive_activation_ratio")) of itself from the first to the last layer and the gradient to \
      \(value("relu_naive_gradient_ratio")) on the way back; with deviation 1 the signal grows by a factor of \
      \(value("relu_large_activation_ratio")), or, with tanh, saturates while its gradient grows by \
      \(value("tanh_large_gradient_ratio")). Xavier's deviation sqrt(2 / (n_inputs + n_outputs)) lets tanh keep \
      \(value("tanh_xavier_activation_ratio")) of the signal and \(value("tanh_xavier_gradient_ratio")) of the gradient, but \
      a ReLU, which cuts half of it off in every layer, only \(value("relu_xavier_activation_ratio")). The deviation that \
      the slides give for ReLU, larger by sqrt(2) (He), keeps \(value("relu_he_activation_ratio")) of the signal and \
      \(value("relu_he_gradient_ratio")) of the gradient. The bound of section 2.4.5 as it is printed, c = sqrt(6) / (N_k + \
      N_(k-1)), leaves \(value("tanh_printed_activation_ratio")) of tanh's signal: in Glorot and Bengio's paper the root is \
      over the sum as well, c = sqrt(6 / (N_k + N_(k-1))), and that is Apus's glorotUniform.
      """
    return LectureResult(tables: [table], drawings: [drawing(flows)], paragraph: paragraph, values: values)
  }

  private func flow(_ activation: Activation, _ start: String, _ initializer: Initializer, _ seed: UInt64) -> Flow {
    let layers = withRandomSeed(seed) {
      (0..<depth).map { _ in Dense(width, width, weightInitializer: initializer, biasInitializer: .zeros) }
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
    return Flow(
      activation: activation.name, start: start, activations: up.scalars(), gradients: down.scalars())
  }

  private func drawing(_ flows: [Flow]) -> LectureResult.Drawing {
    let layers = (1...depth).map(Double.init)
    let panels = ["tanh", "relu"].flatMap { name in
      let chosen = flows.filter { $0.activation == name }
      return [
        Panel(
          "\(name): activations", x: .layers, y: Axis("deviation of h(k)", scale: .logarithmic),
          legend: name == "tanh" ? .bottomLeft : .hidden,
          series: chosen.map { .line($0.start, x: layers, y: $0.activations) }),
        Panel(
          "\(name): gradients", x: .layers, y: Axis("deviation of grad a(k)", scale: .logarithmic),
          legend: .hidden,
          series: chosen.map { .line($0.start, x: layers, y: $0.gradients) }),
      ]
    }
    return .init(
      "initialization", Figure("Signals and gradients at the start", columns: 2, panelSize: .lecture, panels: panels))
  }
}
