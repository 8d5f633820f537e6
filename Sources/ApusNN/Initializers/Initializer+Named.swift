extension Initializer {
  /// Every initializer that needs no numbers, with its usual settings.
  public static let all: [Initializer] = choices.filter { $0.required == 0 }.compactMap { try? $0.make([]) }

  /// Every name that ``named(_:)`` knows.
  public static let names: [String] = choices.map(\.name)

  /// The initializer with a name, and after a colon its numbers: `he-normal`, `normal:0.01`, `uniform:-0.1,0.1`.
  ///
  /// Case, hyphens and underscores do not matter: `heNormal` is `he-normal`. `xavier` is `glorot`, `kaiming` is `he`.
  ///
  /// | name | numbers |
  /// | --- | --- |
  /// | `constant` | the value |
  /// | `uniform` | c for -c to c, or both bounds |
  /// | `normal`, `truncated-normal` | the standard deviation (and the bounds in deviations, 2) |
  /// | `glorot-uniform`, `glorot-normal`, `he-uniform`, `he-normal`, `orthogonal` | the gain |
  /// | `variance-scaling` | the scale |
  ///
  /// - Throws: ``SettingError`` when there is no such name or a number is impossible.
  public static func named(_ text: String) throws(SettingError) -> Initializer {
    try NamedChoice.find(text, among: choices, kind: "initializer")
  }

  private static let rootOfTwo = 2.0.squareRoot()

  private static let choices: [NamedChoice<Initializer>] = [
    .init("torch-default", aliases: ["default"]) { _ in .torchDefault },
    .init("zeros", aliases: ["zero"]) { _ in .zeros },
    .init("ones", aliases: ["one"]) { _ in .ones },
    .init("constant", .any("value"), required: 1) { .constant($0[0]) },
    .init("uniform", .any("bound"), .any("upper bound"), required: 1) { numbers throws(SettingError) in
      let (lower, upper) = numbers.count > 1 ? (numbers[0], numbers[1]) : (-numbers[0], numbers[0])
      guard lower < upper else {
        throw SettingError(
          "the bounds of the initializer uniform must be a positive number, or a lower and an upper one, got \(lower), "
            + "\(upper)")
      }
      return .uniform(lower...upper)
    },
    .init("normal", .atLeastZero("standard deviation"), required: 1) { .normal(standardDeviation: $0[0]) },
    .init(
      "truncated-normal", .atLeastZero("standard deviation"),
      .init(name: "bound", requirement: "at least 0.1 standard deviations") { $0 >= 0.1 }, required: 1
    ) { .truncatedNormal(standardDeviation: $0[0], bounds: $0.count > 1 ? $0[1] : 2) },
    .init("glorot-uniform", aliases: ["xavier-uniform"], .positive("gain")) { gain in
      gain.first.map { .glorotUniform(gain: $0) } ?? .glorotUniform
    },
    .init("glorot-normal", aliases: ["xavier-normal"], .positive("gain")) { gain in
      gain.first.map { .glorotNormal(gain: $0) } ?? .glorotNormal
    },
    .init("he-uniform", aliases: ["kaiming-uniform"], .positive("gain")) { gain in
      gain.first.map { .heUniform(mode: .fanIn, gain: $0) } ?? .heUniform
    },
    .init("he-normal", aliases: ["kaiming-normal"], .positive("gain")) { gain in
      gain.first.map { .heNormal(mode: .fanIn, gain: $0) } ?? .heNormal
    },
    .init("he-uniform-fan-out", aliases: ["kaiming-uniform-fan-out"], .positive("gain")) {
      .heUniform(mode: .fanOut, gain: $0.first ?? rootOfTwo)
    },
    .init("he-normal-fan-out", aliases: ["kaiming-normal-fan-out"], .positive("gain")) {
      .heNormal(mode: .fanOut, gain: $0.first ?? rootOfTwo)
    },
    .init("lecun-uniform") { _ in .lecunUniform },
    .init("lecun-normal") { _ in .lecunNormal },
    .init("variance-scaling", .positive("scale")) { .varianceScaling($0.first ?? 1) },
    .init("orthogonal", .positive("gain")) { .orthogonal(gain: $0.first ?? 1) },
    .init("identity", aliases: ["dirac", "eye"]) { _ in .identity },
  ]
}
