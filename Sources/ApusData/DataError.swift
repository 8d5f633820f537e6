import ApusFormats

/// What is wrong with a data set, and what to do about it.
///
/// The description is one sentence: where, problem, advice.
public struct DataError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The data set or file, as it was named by the caller.
  public let place: String
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let advice: String

  /// An error about a data set or file.
  public init(place: String, problem: String, advice: String) {
    // Names that stand in a file may hold anything.
    (self.place, self.problem, self.advice) = (place.onOneLine, problem.onOneLine, advice.onOneLine)
  }

  /// `place: problem; advice`.
  public var description: String { "\(place): \(problem); \(advice)" }
}
