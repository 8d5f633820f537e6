import ApusTensor

/// The normalisation of the hidden layers of a network, chosen by name: `batch`, `group:4`.
///
/// ```swift
/// let norm = try HiddenNormalization.named("group:4").layer(features: 64, isImage: true)     // GroupNorm(groups: 4, 64)
/// ```
public enum HiddenNormalization: Sendable, Hashable, CustomStringConvertible {
  /// None.
  case none
  /// ``BatchNorm``, before the activation.
  case batch
  /// ``LayerNorm`` of features, one ``GroupNorm`` group of a picture's channels; before the activation.
  case layer
  /// ``GroupNorm`` with so many groups, or 8 or the largest divisor of 8 that divides the channels; before the activation.
  case group(Int?)
  /// ``InstanceNorm`` of pictures, before the activation.
  case instance
  /// ``LocalResponseNorm``, after the activation.
  case local(LocalResponseNorm)

  /// Every name that ``named(_:)`` knows.
  public static let names: [String] = choices.map(\.name)

  /// The normalisation with a name, and after a colon the groups of `group`, or size, alpha, beta and k of
  /// `local` and of the paper's form `local-alexnet`.
  ///
  /// - Throws: ``SettingError`` when there is no such name or a number is impossible.
  public static func named(_ text: String) throws(SettingError) -> HiddenNormalization {
    try NamedChoice.find(text, among: choices, kind: "normalization")
  }

  /// Whether it comes after the activation.
  public var isAfterActivation: Bool { if case .local = self { true } else { false } }

  /// Why hidden layers of this width cannot have it, or nil if they can.
  public func problem(features: Int, isImage: Bool) -> String? {
    switch self {
    case .group(let groups?) where features % groups != 0:
      "\(groups) groups of the normalization do not divide the \(features) \(isImage ? "channels" : "units") of a hidden "
        + "layer; choose a divisor"
    case .instance where !isImage: "instance normalization is for pictures; a single unit has no variance"
    default: nil
    }
  }

  /// The layer for so many units, or channels of a picture.
  public func layer(features: Int, isImage: Bool, dtype: DType = .float32) -> (any Layer)? {
    switch self {
    case .none: nil
    case .batch: BatchNorm(features, dtype: dtype)
    case .layer: isImage ? GroupNorm(groups: 1, features, dtype: dtype) : LayerNorm(features, dtype: dtype)
    case .group(let groups): GroupNorm(groups: groups ?? Self.usualGroups(features), features, dtype: dtype)
    case .instance: InstanceNorm(features, affine: true, dtype: dtype)
    case .local(let layer): layer
    }
  }

  /// As in code.
  public var description: String {
    switch self {
    case .none: ".none"
    case .batch: ".batch"
    case .layer: ".layer"
    case .group(let groups): ".group(\(groups.map(String.init) ?? "nil"))"
    case .instance: ".instance"
    case .local(let layer): ".local(\(layer))"
    }
  }

  private static func usualGroups(_ features: Int) -> Int { [8, 4, 2].first { features % $0 == 0 } ?? 1 }

  private static let choices: [NamedChoice<HiddenNormalization>] = [
    .init("none") { _ in .none },
    .init("batch", aliases: ["batch-norm"]) { _ in .batch },
    .init("layer", aliases: ["layer-norm"]) { _ in .layer },
    .init("group", aliases: ["group-norm"], .whole("number of groups")) { .group($0.first.map { Int($0) }) },
    .init("instance", aliases: ["instance-norm"]) { _ in .instance },
    .init(
      "local", aliases: ["local-response-norm", "lrn"], .whole("size"), .atLeastZero("alpha"), .any("beta"),
      .positive("k")
    ) { .local(response($0, k: 1, dividesBySize: true)) },
    .init("local-alexnet", .whole("size"), .atLeastZero("alpha"), .any("beta"), .positive("k")) {
      .local(response($0, k: 2, dividesBySize: false))
    },
  ]

  private static func response(_ numbers: [Double], k: Double, dividesBySize: Bool) -> LocalResponseNorm {
    func number(_ place: Int, _ usual: Double) -> Double { place < numbers.count ? numbers[place] : usual }
    return LocalResponseNorm(
      Int(number(0, 5)), alpha: number(1, 1e-4), beta: number(2, 0.75), k: number(3, k), dividesBySize: dividesBySize)
  }
}
