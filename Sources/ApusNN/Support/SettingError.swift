/// A setting of a layer, loss, penalty, activation or initializer that is not possible, from outside the program: an
/// option of the command or a file.
///
/// The description is one sentence that says what was given, what is possible and, for names, which are near.
public struct SettingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The sentence.
  public let description: String

  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}

extension SettingError {
  /// Checks that a value is a number of at least 0.
  static func check(_ name: String, atLeastZero value: Double) throws(SettingError) {
    guard value.isFinite, value >= 0 else {
      throw SettingError("\(name) must be a number of at least 0, got \(value)")
    }
  }

  /// Checks that a value is a positive number.
  static func check(_ name: String, positive value: Double) throws(SettingError) {
    guard value.isFinite, value > 0 else { throw SettingError("\(name) must be a positive number, got \(value)") }
  }
}
