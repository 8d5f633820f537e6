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
    self.place = place
    self.problem = problem
    self.advice = advice
  }

  /// `place: problem; advice`.
  public var description: String { "\(place): \(problem); \(advice)" }
}
