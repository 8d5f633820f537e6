import ApusTensor

/// A loss by name with its settings: what `apus train --loss` takes and a saved run remembers.
///
/// | name | also | for | settings |
/// | --- | --- | --- | --- |
/// | `cross-entropy` | `categorical-crossentropy`, `nll` | classification, segmentation, sequence | labelSmoothing, classWeights, ignoredIndex |
/// | `multi-margin` | | classification | classWeights |
/// | `binary-cross-entropy` | `bce` | binary | positiveWeight |
/// | `hinge`, `squared-hinge` | | binary | |
/// | `squared-error` | `mse` | regression | |
/// | `absolute-error` | `mae`, `l1` | regression | |
/// | `huber`, `smooth-l1` | | regression | delta |
///
/// Classification: outputs are logits `[N, C]`, targets classes `[N]`. Segmentation: the same for every pixel, and pixels
/// of the label ``ignoredPixel`` count nothing. Sequence: logits `[N, T, C]`, symbols `[N, T]`, the mean over all steps. Binary: outputs are one logit a sample, targets 0
/// or 1. Regression: outputs and targets have as many numbers a sample.
///
/// ```swift
/// let loss = try LossConfiguration("cross-entropy", labelSmoothing: 0.1, classWeights: [1, 2]).make()
/// let step = valueWithGradient(of: model) { loss(model(x), labels) }
/// ```
public struct LossConfiguration: Sendable, Hashable, Codable {
  /// What is predicted.
  public enum Task: String, Sendable, Hashable, CaseIterable, Codable {
    /// One of several classes: a logit for each, classes as targets.
    case classification
    /// One of two classes: one logit, targets 0 and 1.
    case binary
    /// Numbers: outputs of the targets' shape.
    case regression
    /// One of several classes for every pixel: logits `[N, C, H, W]`, classes `[N, H, W]` as targets.
    case segmentation
    /// The next symbol at every step of a text: logits `[N, T, C]`, symbols `[N, T]` as targets.
    case sequence
  }

  /// The name, one of ``names``.
  public let name: String
  /// The share of each target that is spread evenly over all classes; 0 if nil.
  public let labelSmoothing: Double?
  /// The weight of each class.
  public let classWeights: [Double]?
  /// The class whose examples count nothing.
  public let ignoredIndex: Int?
  /// The factor of the positive examples' terms; 1 if nil.
  public let positiveWeight: Double?
  /// Where the squared part ends (`beta` of `smooth-l1`); 1 if nil.
  public let delta: Double?
  /// How the examples' losses become one: their mean or their sum.
  public let reduction: LossReduction

  /// A loss; every name and number is checked.
  ///
  /// - Throws: ``SettingError`` when the name is unknown, a number impossible or a setting not this loss's.
  public init(
    _ name: String, labelSmoothing: Double? = nil, classWeights: [Double]? = nil, ignoredIndex: Int? = nil,
    positiveWeight: Double? = nil, delta: Double? = nil, reduction: LossReduction = .mean
  ) throws(SettingError) {
    let key = Naming.key(name)
    guard let kind = Kind.allCases.first(where: { ([$0.rawValue] + $0.aliases).contains { Naming.key($0) == key } })
    else { throw Naming.unknown("loss", name, among: Self.names) }
    self.name = kind.rawValue
    (self.labelSmoothing, self.classWeights, self.ignoredIndex) = (labelSmoothing, classWeights, ignoredIndex)
    (self.positiveWeight, self.delta, self.reduction) = (positiveWeight, delta, reduction)
    try checkSettings(of: kind)
  }

  /// Every name.
  public static let names: [String] = Kind.allCases.map(\.rawValue)
  /// The names of the losses for a task, the usual one first.
  public static func names(for task: Task) -> [String] {
    Kind.allCases.filter { $0.tasks.contains(task) }.map(\.rawValue)
  }

  /// The usual loss for a task: `cross-entropy`, `binary-cross-entropy`, `squared-error`.
  public static func usual(for task: Task) -> LossConfiguration {
    switch task {
    case .classification, .segmentation, .sequence: LossConfiguration(usual: .crossEntropy)
    case .binary: LossConfiguration(usual: .binary)
    case .regression: LossConfiguration(usual: .squaredError)
    }
  }

  /// What the loss is for, its usual task first.
  public var tasks: [Task] { kind.tasks }
  /// The label of pixels that belong to no class.
  public static let ignoredPixel = -100

  /// Checks that the loss fits a network with so many outputs.
  ///
  /// - Throws: ``SettingError`` when there is not one class weight for each output, or the ignored class is none.
  public func check(outputs: Int) throws(SettingError) {
    if let classWeights, classWeights.count != outputs {
      throw SettingError("there are \(classWeights.count) class weights for \(outputs) classes; give one for each")
    }
    if let ignoredIndex, ignoredIndex >= outputs {
      throw SettingError("the ignored class \(ignoredIndex) does not exist; classes are 0 to \(outputs - 1)")
    }
  }

  /// The loss as a function of a batch's outputs and targets.
  ///
  /// Targets that have as many elements as the outputs take their shape, and 0 and 1 as integers become numbers.
  public func make() -> @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    let (smoothing, ignored, reduction) = (labelSmoothing ?? 0, ignoredIndex, reduction)
    let weights = classWeights.map { Tensor($0.map { Float($0) }) }
    let (kind, delta) = (kind, delta ?? 1)
    let positive = positiveWeight.map { Tensor(repeating: $0, shape: []) }
    return { outputs, targets in
      func like(_ tensor: Tensor?) -> Tensor? {
        tensor.map { $0.dtype == outputs.dtype ? $0 : $0.cast(to: outputs.dtype) }
      }
      switch kind {
      case .crossEntropy:
        let isOfSteps = outputs.rank == 3 && targets.rank == 2 && !targets.dtype.isFloatingPoint
        let outputs = isOfSteps ? outputs.reshaped(to: [targets.count, -1]) : outputs
        let targets = isOfSteps ? targets.flattened() : targets
        let isOfPixels = outputs.rank > 2 && !targets.dtype.isFloatingPoint
        return crossEntropy(
          outputs, isOfPixels ? Self.withoutIgnored(targets, ignored) : targets, labelSmoothing: smoothing,
          classWeights: like(weights), ignoredIndex: isOfPixels ? Self.ignoredPixel : ignored, reduction: reduction)
      case .multiMargin: return multiMargin(outputs, targets, classWeights: like(weights), reduction: reduction)
      case .binary:
        return binaryCrossEntropy(
          logits: outputs, Self.fitted(targets, to: outputs), positiveWeights: like(positive), reduction: reduction)
      case .hinge, .squaredHinge:
        let signs = Self.fitted(targets, to: outputs) * 2 - 1
        return hinge(outputs, signs, isSquared: kind == .squaredHinge, reduction: reduction)
      case .squaredError:
        return meanSquaredError(outputs, Self.fitted(targets, to: outputs), reduction: reduction)
      case .absoluteError:
        return meanAbsoluteError(outputs, Self.fitted(targets, to: outputs), reduction: reduction)
      case .huber: return huber(outputs, Self.fitted(targets, to: outputs), delta: delta, reduction: reduction)
      case .smoothL1:
        return smoothL1(outputs, Self.fitted(targets, to: outputs), beta: delta, reduction: reduction)
      }
    }
  }

  /// Labels of pixels where those of an ignored class are ``ignoredPixel`` too.
  private static func withoutIgnored(_ labels: Tensor, _ ignored: Int?) -> Tensor {
    guard let ignored else { return labels }
    let none = Tensor(repeating: Double(ignoredPixel), shape: [], dtype: labels.dtype)
    return none.selected(where: labels .== Double(ignored), otherwise: labels)
  }

  private static func fitted(_ targets: Tensor, to outputs: Tensor) -> Tensor {
    let numbers = targets.dtype == outputs.dtype ? targets : targets.cast(to: outputs.dtype)
    return numbers.shape != outputs.shape && numbers.count == outputs.count
      ? numbers.reshaped(to: outputs.shape) : numbers
  }
}

extension LossConfiguration {
  /// The losses; the usual one of each task first.
  private enum Kind: String, CaseIterable, Sendable {
    case crossEntropy = "cross-entropy"
    case multiMargin = "multi-margin"
    case binary = "binary-cross-entropy"
    case hinge
    case squaredHinge = "squared-hinge"
    case squaredError = "squared-error"
    case absoluteError = "absolute-error"
    case huber
    case smoothL1 = "smooth-l1"

    var tasks: [Task] {
      switch self {
      case .crossEntropy: [.classification, .segmentation, .sequence]
      case .multiMargin: [.classification]
      case .binary, .hinge, .squaredHinge: [.binary]
      case .squaredError, .absoluteError, .huber, .smoothL1: [.regression]
      }
    }

    /// What Keras and PyTorch call it.
    var aliases: [String] {
      switch self {
      case .crossEntropy: ["categorical-cross-entropy", "sparse-categorical-cross-entropy", "nll"]
      case .multiMargin: ["multi-margin-loss"]
      case .binary: ["bce", "bce-with-logits"]
      case .hinge, .squaredHinge: []
      case .squaredError: ["mse", "mean-squared-error", "mse-loss", "l2"]
      case .absoluteError: ["mae", "mean-absolute-error", "l1-loss", "l1"]
      case .huber: ["huber-loss"]
      case .smoothL1: ["smooth-l1-loss"]
      }
    }
  }

  private init(usual kind: Kind) {
    name = kind.rawValue
    (labelSmoothing, classWeights, ignoredIndex, positiveWeight, delta) = (nil, nil, nil, nil, nil)
    reduction = .mean
  }

  private var kind: Kind {
    guard let kind = Kind(rawValue: name) else { preconditionFailure("the initializer admits known names only") }
    return kind
  }

  private func checkSettings(of kind: Kind) throws(SettingError) {
    let settings: [(name: String, isSet: Bool, losses: [Kind])] = [
      ("label smoothing", labelSmoothing != nil, [.crossEntropy]),
      ("class weights", classWeights != nil, [.crossEntropy, .multiMargin]),
      ("ignored class", ignoredIndex != nil, [.crossEntropy]),
      ("positive weight", positiveWeight != nil, [.binary]),
      ("delta", delta != nil, [.huber, .smoothL1]),
    ]
    for setting in settings where setting.isSet && !setting.losses.contains(kind) {
      let others = setting.losses.map(\.rawValue).joined(separator: " or ")
      throw SettingError("the loss \(name) has no \(setting.name); it belongs to \(others)")
    }
    if let labelSmoothing, !(labelSmoothing >= 0 && labelSmoothing <= 1) {
      throw SettingError("the label smoothing must be between 0 and 1, got \(labelSmoothing)")
    }
    if let classWeights {
      guard !classWeights.isEmpty else { throw SettingError("the class weights are missing; give one for each class") }
      for weight in classWeights { try SettingError.check("a class weight", atLeastZero: weight) }
      guard classWeights.contains(where: { $0 > 0 }) else {
        throw SettingError("all class weights are 0; one must not be")
      }
    }
    if let ignoredIndex, ignoredIndex < 0 {
      throw SettingError("the ignored class must be at least 0, got \(ignoredIndex)")
    }
    if let positiveWeight { try SettingError.check("the positive weight", positive: positiveWeight) }
    if let delta { try SettingError.check("the delta", positive: delta) }
    guard reduction != .none else {
      throw SettingError("a loss to train with must be one number; reduce it by mean or sum")
    }
  }
}

extension LossConfiguration {
  private enum CodingKeys: String, CodingKey {
    case name, delta, reduction
    case labelSmoothing = "label_smoothing"
    case classWeights = "class_weights"
    case ignoredIndex = "ignored_index"
    case positiveWeight = "positive_weight"
  }

  /// A loss from a file; checked like one from the command line.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      values.decode(String.self, forKey: .name),
      labelSmoothing: values.decodeIfPresent(Double.self, forKey: .labelSmoothing),
      classWeights: values.decodeIfPresent([Double].self, forKey: .classWeights),
      ignoredIndex: values.decodeIfPresent(Int.self, forKey: .ignoredIndex),
      positiveWeight: values.decodeIfPresent(Double.self, forKey: .positiveWeight),
      delta: values.decodeIfPresent(Double.self, forKey: .delta),
      reduction: values.decodeIfPresent(LossReduction.self, forKey: .reduction) ?? .mean)
  }
}
