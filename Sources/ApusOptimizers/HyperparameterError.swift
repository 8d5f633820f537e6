/// A hyperparameter with an impossible value, in one sentence.
public struct HyperparameterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name, as in the initialiser.
  public let name: String
  /// The value.
  public let value: Double
  /// What it must be: `between 0 and 1`.
  public let requirement: String

  /// For example `momentum must be at least 0 and below 1, got 1.5`.
  public var description: String { "\(name) must be \(requirement), got \(value)" }

  /// Checks that a value is a number of at least 0.
  static func check(_ name: String, atLeastZero value: Double) throws(HyperparameterError) {
    guard value.isFinite, value >= 0 else {
      throw HyperparameterError(name: name, value: value, requirement: "a number of at least 0")
    }
  }

  /// Checks that a value is a positive number.
  static func check(_ name: String, positive value: Double) throws(HyperparameterError) {
    guard value.isFinite, value > 0 else {
      throw HyperparameterError(name: name, value: value, requirement: "a positive number")
    }
  }

  /// Checks that a value is at least 0 and below 1.
  static func check(_ name: String, fraction value: Double) throws(HyperparameterError) {
    guard value >= 0, value < 1 else {
      throw HyperparameterError(name: name, value: value, requirement: "at least 0 and below 1")
    }
  }
}
