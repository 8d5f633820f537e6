import ApusFormats
import ApusOptimizers

/// An optimizer by name and numbers, as commands and saved runs have it.
public struct OptimizerConfiguration: Sendable, Hashable, Codable {
  /// `sgd`, `momentum`, `nesterov` or `adam`.
  public var name: String
  /// How far a step goes.
  public var learningRate: Double
  /// How much of the last step goes on; 0 for `sgd` and `adam`.
  public var momentum: Double
  /// The factor of the squared-weight penalty's gradient.
  public var weightDecay: Double
  private enum CodingKeys: String, CodingKey {
    case name, momentum
    case learningRate = "learning_rate"
    case weightDecay = "weight_decay"
  }

  /// The names.
  public static let names = ["sgd", "momentum", "nesterov", "adam"]

  /// A configuration; what is nil takes the usual value of the optimizer.
  ///
  /// - Throws: ``TrainingError`` when the name is unknown or a number is impossible.
  public init(
    name: String = "adam", learningRate: Double? = nil, momentum: Double? = nil, weightDecay: Double? = nil
  ) throws {
    guard Self.names.contains(name) else { throw TrainingError.unknown("optimizer", name, among: Self.names) }
    self.name = name
    self.learningRate = learningRate ?? (name == "adam" ? 1e-3 : name == "sgd" ? 0.1 : 0.02)
    self.momentum = momentum ?? (name == "momentum" || name == "nesterov" ? 0.9 : 0)
    self.weightDecay = weightDecay ?? 0
    guard self.learningRate.isFinite, self.learningRate > 0 else {
      throw TrainingError.impossible("--learning-rate", self.learningRate, "a positive number")
    }
    if name == "adam", let momentum {
      throw TrainingError.impossible(
        "--momentum", momentum, "left out with adam, which has momentum of its own; choose --optimizer momentum")
    }
    guard self.momentum >= 0, self.momentum < 1 else {
      throw TrainingError.impossible("--momentum", self.momentum, "at least 0 and below 1")
    }
    guard name != "nesterov" || self.momentum > 0 else {
      throw TrainingError.impossible("--momentum", self.momentum, "above 0 and below 1 with nesterov")
    }
    guard self.weightDecay.isFinite, self.weightDecay >= 0 else {
      throw TrainingError.impossible("--weight-decay", self.weightDecay, "a number of at least 0")
    }
  }

  /// A new optimizer.
  public func make() -> any Optimizer {
    if name == "adam" { return Adam(learningRate: learningRate, weightDecay: weightDecay) }
    return SGD(learningRate: learningRate, momentum: momentum, nesterov: name == "nesterov", weightDecay: weightDecay)
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
