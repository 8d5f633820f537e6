import ApusNN

/// How gradients are limited before an update.
public enum GradientClipping: Sendable, Hashable, Codable {
  /// Not at all.
  case none
  /// Every element lies in `-limit...limit`.
  case value(Double)
  /// The norm of all gradients together is at most the limit.
  case norm(Double)
  /// The norm of each parameter's gradient is at most the limit.
  case eachNorm(Double)

  /// The limited gradients.
  public func callAsFunction(_ gradients: Gradients) -> Gradients {
    switch self {
    case .none: gradients
    case .value(let limit): gradients.clipped(value: limit)
    case .norm(let limit): gradients.clipped(globalNorm: limit)
    case .eachNorm(let limit): gradients.clipped(norm: limit)
    }
  }

  /// The limit; nil without one.
  var limit: Double? {
    switch self {
    case .none: nil
    case .value(let limit), .norm(let limit), .eachNorm(let limit): limit
    }
  }
}
