import ApusNN

/// Settings of their own for some parameters: a learning rate, a weight decay, or no training at all.
///
/// A parameter belongs to the first group of ``Optimizer/groups`` that matches it; most match none and follow the
/// optimizer.
///
/// ```swift
/// optimizer.groups = [
///   ParameterGroup(matching: "conv", learningRateFactor: 0.1),     // conv1.weight, conv2.bias, ...
///   ParameterGroup(role: .bias, weightDecay: 0),
///   ParameterGroup(matching: "embedding.", isFrozen: true),
/// ]
/// ```
public struct ParameterGroup: Sendable, Hashable, Codable {
  /// What the path of a parameter begins with; empty matches every path.
  public var prefix: String
  /// What the parameter is for; nil matches every role.
  public var role: Parameter.Role?
  /// Times the learning rate of the optimizer.
  public var learningRateFactor: Double
  /// The weight decay, whatever the role; nil follows the optimizer.
  public var weightDecay: Double?
  /// Whether the parameters stay as they are.
  public var isFrozen: Bool

  /// A group; ``Optimizer/validateGroups()`` checks its numbers.
  public init(
    matching prefix: String = "", role: Parameter.Role? = nil, learningRateFactor: Double = 1,
    weightDecay: Double? = nil, isFrozen: Bool = false
  ) {
    self.prefix = prefix
    self.role = role
    self.learningRateFactor = learningRateFactor
    self.weightDecay = weightDecay
    self.isFrozen = isFrozen
  }

  /// Whether a parameter belongs to the group.
  public func matches(_ name: String, _ role: Parameter.Role) -> Bool {
    (self.role.map { $0 == role } ?? true) && name.hasPrefix(prefix)
  }

  private enum CodingKeys: String, CodingKey {
    case prefix, role
    case learningRateFactor = "learning_rate_factor"
    case weightDecay = "weight_decay"
    case isFrozen = "frozen"
  }
}

extension Optimizer {
  /// The group that a parameter belongs to; nil follows the optimizer alone.
  public func group(of name: String, _ role: Parameter.Role) -> ParameterGroup? {
    groups.isEmpty ? nil : groups.first { $0.matches(name, role) }
  }

  /// The gradients without those of frozen groups, which then count in no norm.
  public func withoutFrozen(_ gradients: Gradients) -> Gradients {
    guard groups.contains(where: \.isFrozen) else { return gradients }
    return gradients.filtered { group(of: $0.name, $0.parameter.role)?.isFrozen != true }
  }

  /// Checks the numbers of the groups.
  ///
  /// - Throws: ``HyperparameterError`` that names the first impossible one.
  public func validateGroups() throws(HyperparameterError) {
    for group in groups {
      try HyperparameterError.check("learningRateFactor", atLeastZero: group.learningRateFactor)
      if let decay = group.weightDecay { try HyperparameterError.check("weightDecay", atLeastZero: decay) }
    }
  }
}
