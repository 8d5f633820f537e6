/// Why a figure cannot be drawn, and what to do about it.
///
/// The description is one sentence: place, problem, advice.
public struct PlotError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The program or file that the error is about.
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

  /// The program that draws is not there.
  static func missing(_ program: String) -> PlotError {
    PlotError(
      program, "is not installed, and figures are drawn by it",
      advice: "install it with: apt-get install gnuplot-nox")
  }
}
