/// Something that the notes say, or that one would expect after reading them, and whether the numbers of an experiment
/// show it.
///
/// ```swift
/// LectureClaim("momentum needs fewer steps than plain descent", when: momentum.steps < plain.steps)
/// ```
/// The experiment decides by its numbers at run time, so that another seed or size may decide otherwise, and says so.
public struct LectureClaim: Sendable, Hashable {
  /// What is said, as a sentence without its stop.
  public let text: String
  /// Whether the numbers show it.
  public let isShown: Bool

  /// A statement and its test; a comparison with NaN shows nothing.
  public init(_ text: String, when isShown: Bool) { (self.text, self.isShown) = (text, isShown) }

  /// `shown` or `NOT shown`.
  public var verdict: String { isShown ? "shown" : "NOT shown" }
}
