/// What stops a training or an evaluation, and what to do about it.
///
/// The description is one sentence: where, problem, advice.
public struct TrainingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The option, file, model or step that the error is about.
  public let place: String
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let advice: String

  /// An error.
  public init(_ place: String, _ problem: String, advice: String) {
    self.place = place
    self.problem = problem
    self.advice = advice
  }

  /// `place: problem; advice`.
  public var description: String { "\(place): \(problem); \(advice)" }
}
