import ApusFormats
import ApusOptimizers

/// An optimizer by name and numbers, as commands and saved runs have it.
public struct OptimizerConfiguration: Sendable, Hashable, Codable {
  /// The name; one of ``names``.
  public var name: String
  /// How far a step goes.
  public var learningRate: Double
  /// The factor of the squared-weight penalty's gradient; of the weights themselves with `adamw`.
  public var weightDecay: Double
  /// The settings that were given; a choice that was made is 1.
  public var settings: [OptimizerSetting: Double]

  private enum CodingKeys: String, CodingKey {
    case name, settings, momentum
    case learningRate = "learning_rate"
    case weightDecay = "weight_decay"
  }

  /// What is known of an optimizer: its usual numbers, its settings, and how it is made.
  private struct Kind: Sendable {
    var learningRate: Double
    var weightDecay = 0.0
    var settings: [OptimizerSetting]
    var make: @Sendable (OptimizerConfiguration) -> any Optimizer
  }

  private static let moments: [OptimizerSetting] = [.beta1, .beta2, .epsilon]
  private static let kinds: [(name: String, kind: Kind)] = [
    (
      "sgd",
      Kind(learningRate: 0.1, settings: [.momentum, .dampening, .momentumOfSteps]) { $0.gradientDescent(momentum: 0) }
    ),
    (
      "momentum",
      Kind(learningRate: 0.02, settings: [.momentum, .dampening, .momentumOfSteps]) {
        $0.gradientDescent(momentum: 0.9)
      }
    ),
    (
      "nesterov",
      Kind(learningRate: 0.02, settings: [.momentum, .momentumOfSteps]) { $0.gradientDescent(momentum: 0.9) }
    ),
    (
      "adagrad",
      Kind(
        learningRate: 0.01, settings: [.epsilon, .initialAccumulator, .learningRateDecay, .epsilonInsideRoot]
      ) {
        AdaGrad(
          learningRate: $0.learningRate, learningRateDecay: $0.number(.learningRateDecay, 0),
          initialAccumulator: $0.number(.initialAccumulator, 0), epsilon: $0.number(.epsilon, 1e-10),
          epsilonPlacement: $0.placement, weightDecay: $0.weightDecay)
      }
    ),
    (
      "rmsprop",
      Kind(learningRate: 0.01, settings: [.decay, .epsilon, .momentum, .centered, .epsilonInsideRoot]) {
        RMSProp(
          learningRate: $0.learningRate, decay: $0.number(.decay, 0.99), epsilon: $0.number(.epsilon, 1e-8),
          epsilonPlacement: $0.placement, momentum: $0.number(.momentum, 0), isCentered: $0.choice(.centered),
          weightDecay: $0.weightDecay)
      }
    ),
    (
      "adam",
      Kind(learningRate: 1e-3, settings: moments + [.amsgrad, .epsilonInsideRoot]) {
        Adam(
          learningRate: $0.learningRate, beta1: $0.number(.beta1, 0.9), beta2: $0.number(.beta2, 0.999),
          epsilon: $0.number(.epsilon, 1e-8), epsilonPlacement: $0.placement, weightDecay: $0.weightDecay,
          amsgrad: $0.choice(.amsgrad))
      }
    ),
    (
      "adamw",
      Kind(learningRate: 1e-3, weightDecay: 1e-2, settings: moments + [.amsgrad, .epsilonInsideRoot]) {
        AdamW(
          learningRate: $0.learningRate, beta1: $0.number(.beta1, 0.9), beta2: $0.number(.beta2, 0.999),
          epsilon: $0.number(.epsilon, 1e-8), epsilonPlacement: $0.placement, weightDecay: $0.weightDecay,
          amsgrad: $0.choice(.amsgrad))
      }
    ),
    (
      "adadelta",
      Kind(learningRate: 1, settings: [.decay, .epsilon]) {
        AdaDelta(
          learningRate: $0.learningRate, decay: $0.number(.decay, 0.9), epsilon: $0.number(.epsilon, 1e-6),
          weightDecay: $0.weightDecay)
      }
    ),
    (
      "adamax",
      Kind(learningRate: 2e-3, settings: moments) {
        Adamax(
          learningRate: $0.learningRate, beta1: $0.number(.beta1, 0.9), beta2: $0.number(.beta2, 0.999),
          epsilon: $0.number(.epsilon, 1e-8), weightDecay: $0.weightDecay)
      }
    ),
    (
      "nadam",
      Kind(learningRate: 2e-3, settings: moments + [.momentumDecay, .decoupledDecay]) {
        NAdam(
          learningRate: $0.learningRate, beta1: $0.number(.beta1, 0.9), beta2: $0.number(.beta2, 0.999),
          epsilon: $0.number(.epsilon, 1e-8), momentumDecay: $0.number(.momentumDecay, 4e-3),
          weightDecay: $0.weightDecay, isDecoupled: $0.choice(.decoupledDecay))
      }
    ),
    (
      "radam",
      Kind(learningRate: 1e-3, settings: moments + [.decoupledDecay]) {
        RAdam(
          learningRate: $0.learningRate, beta1: $0.number(.beta1, 0.9), beta2: $0.number(.beta2, 0.999),
          epsilon: $0.number(.epsilon, 1e-8), weightDecay: $0.weightDecay, isDecoupled: $0.choice(.decoupledDecay))
      }
    ),
  ]

  /// The names.
  public static let names = kinds.map(\.name)

  private var kind: Kind? { Self.kinds.first { $0.name == name }?.kind }

  /// A configuration; what is nil takes the usual value of the optimizer.
  ///
  /// - Throws: ``TrainingError`` when the name is unknown, a number is impossible or a setting is not the optimizer's.
  public init(
    name: String = "adam", learningRate: Double? = nil, weightDecay: Double? = nil,
    settings: [OptimizerSetting: Double] = [:]
  ) throws {
    guard let kind = Self.kinds.first(where: { $0.name == name })?.kind else {
      throw TrainingError.unknown("optimizer", name, among: Self.names)
    }
    self.name = name
    self.learningRate = learningRate ?? kind.learningRate
    self.weightDecay = weightDecay ?? kind.weightDecay
    self.settings = settings
    guard self.learningRate.isFinite, self.learningRate > 0 else {
      throw TrainingError.impossible("--learning-rate", self.learningRate, "a positive number")
    }
    for setting in OptimizerSetting.allCases where settings[setting] != nil && !kind.settings.contains(setting) {
      let others = Self.kinds.filter { $0.kind.settings.contains(setting) }.map(\.name)
      throw TrainingError(
        setting.option, "is not a setting of \(name)",
        advice: "leave it out, or choose one of: \(others.joined(separator: ", "))")
    }
    do throws(HyperparameterError) {
      try make().validate()
    } catch {
      throw TrainingError.impossible("--" + Self.option(error.name), error.value, error.requirement)
    }
  }

  /// Reads a configuration; those of older versions name the momentum of every optimizer.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    learningRate = try values.decode(Double.self, forKey: .learningRate)
    weightDecay = try values.decode(Double.self, forKey: .weightDecay)
    settings = try values.decodeIfPresent([OptimizerSetting: Double].self, forKey: .settings) ?? [:]
    let isUsual = name == "momentum" || name == "nesterov" ? 0.9 : 0
    if let momentum = try values.decodeIfPresent(Double.self, forKey: .momentum), momentum != isUsual {
      settings[.momentum] = momentum
    }
    guard kind != nil else {
      throw DecodingError.dataCorruptedError(forKey: .name, in: values, debugDescription: "unknown optimizer")
    }
  }

  /// Writes the configuration.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    try values.encode(learningRate, forKey: .learningRate)
    try values.encode(weightDecay, forKey: .weightDecay)
    try values.encode(settings, forKey: .settings)
  }

  /// A new optimizer.
  public func make() -> any Optimizer {
    guard let kind else { preconditionFailure("there is no optimizer called \(name)") }
    return kind.make(self)
  }

  private func number(_ setting: OptimizerSetting, _ usual: Double) -> Double { settings[setting] ?? usual }
  private func choice(_ setting: OptimizerSetting) -> Bool { (settings[setting] ?? 0) != 0 }
  private var placement: EpsilonPlacement { choice(.epsilonInsideRoot) ? .insideRoot : .outsideRoot }

  private func gradientDescent(momentum: Double) -> SGD {
    SGD(
      learningRate: learningRate, momentum: number(.momentum, momentum), dampening: number(.dampening, 0),
      nesterov: name == "nesterov", momentumForm: choice(.momentumOfSteps) ? .steps : .gradients,
      weightDecay: weightDecay)
  }

  /// The option for a property: `initial-accumulator` for `initialAccumulator`.
  static func option(_ property: String) -> String {
    property.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
  }
}

extension TrainingError {
  /// A number that cannot be.
  static func impossible(
    _ option: String, _ value: some CustomStringConvertible, _ requirement: String
  ) -> TrainingError {
    TrainingError(option, "cannot be \(value)", advice: "it must be \(requirement)")
  }

  /// A name that nothing has, with the nearest ones.
  public static func unknown(_ kind: String, _ name: String, among names: [String]) -> TrainingError {
    let nearest = NearestNames.of(name, among: names)
    let meant = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
    return TrainingError(
      name.isEmpty ? "(no name)" : name, "there is no \(kind) of this name",
      advice: meant + "choose one of: \(names.joined(separator: ", "))")
  }
}
