import ApusTensor

extension Activation {
  /// Every activation with its usual settings.
  public static let all: [Activation] = choices.compactMap { try? $0.make([]) }

  /// Every name that ``named(_:)`` knows.
  public static let names: [String] = choices.map(\.name)

  /// The activation with a name, and after a colon its settings: `relu`, `leaky-relu:0.2`, `hard-tanh:-0.5,2`.
  ///
  /// Case, hyphens and underscores do not matter: `leakyReLU` is `leaky-relu`.
  ///
  /// - Throws: ``SettingError`` when there is no such name or a number is impossible.
  public static func named(_ text: String) throws(SettingError) -> Activation {
    try NamedChoice.find(text, among: choices, kind: "activation")
  }

  static let choices: [NamedChoice<Activation>] = [
    .init("identity", aliases: ["linear", "none"]) { _ in .identity },
    .init("relu") { _ in .relu },
    .init("relu6") { _ in .relu6 },
    .init("leaky-relu", .atLeastZero("slope")) { .leakyReLU(slope: $0.first ?? 0.01) },
    .init("rrelu", .atLeastZero("lower slope"), .atLeastZero("upper slope")) { numbers throws(SettingError) in
      let (lower, upper) = (numbers.first ?? RReLU.usual.lower, numbers.count > 1 ? numbers[1] : RReLU.usual.upper)
      guard lower <= upper else {
        throw SettingError(
          "the lower slope of the activation rrelu must be at most the upper one, got \(lower), \(upper)")
      }
      return .rReLU(lower: lower, upper: upper)
    },
    .init("elu", .positive("alpha")) { .elu(alpha: $0.first ?? 1) },
    .init("celu", .positive("alpha")) { .celu(alpha: $0.first ?? 1) },
    .init("selu") { _ in .selu },
    .init("softplus", .positive("beta")) { .softplus(beta: $0.first ?? 1) },
    .init("gelu") { _ in .gelu },
    .init("gelu-tanh") { _ in .geluTanh },
    .init("silu", aliases: ["swish"]) { _ in .silu },
    .init("mish") { _ in .mish },
    .init("hard-swish") { _ in .hardSwish },
    .init("sigmoid", aliases: ["logistic"]) { _ in .sigmoid },
    .init("log-sigmoid") { _ in .logSigmoid },
    .init("hard-sigmoid") { _ in .hardSigmoid },
    .init("tanh") { _ in .tanh },
    .init("scaled-tanh") { _ in .scaledTanh },
    .init("hard-tanh", .any("lower bound"), .any("upper bound")) { numbers throws(SettingError) in
      let (lower, upper) = (numbers.first ?? -1, numbers.count > 1 ? numbers[1] : 1)
      guard lower < upper else {
        throw SettingError(
          "the lower bound of the activation hard-tanh must be below the upper one, got \(lower), \(upper)")
      }
      return .hardTanh(lower...upper)
    },
    .init("tanh-shrink") { _ in .tanhShrink },
    .init("arctan", aliases: ["atan"]) { _ in .arctan },
    .init("soft-sign") { _ in .softSign },
    .init("hard-shrink", .atLeastZero("limit")) { .hardShrink(limit: $0.first ?? 0.5) },
    .init("soft-shrink", .atLeastZero("limit")) { .softShrink(limit: $0.first ?? 0.5) },
    .init("hard-threshold", aliases: ["step", "heaviside"], .any("beta")) { .hardThreshold(beta: $0.first ?? 0) },
    .init("softmax") { _ in .softmax },
    .init("log-softmax") { _ in .logSoftmax },
    .init("softmin") { _ in .softmin },
  ]
}
