/// A small experiment that shows one idea of the lecture notes: it runs in seconds, measures, draws and says what came out.
///
/// An experiment is a value; its stored properties are its sizes, so that a quick look may run a smaller one:
///
/// ```swift
/// let result = try ApproximationLecture(widths: [1, 8, 64]).run(seed: 1)
/// print(result.paragraph)
/// ```
/// "The notes" are *Neural Networks and Introduction to Deep Learning* (Laurent and Besse), "the slides" are *Training
/// Deep Feedforward Networks* (Payberah), others are named; symbols are theirs.
public protocol LectureExperiment: Sendable {
  /// What the command calls it.
  var name: String { get }
  /// One line about it.
  var title: String { get }
  /// The section, equation, figure or slide it belongs to.
  var source: String { get }

  /// Runs it. The same seed gives the same numbers, but for times.
  ///
  /// - Throws: what the data or a training throw.
  func run(seed: UInt64) throws -> LectureResult
}

/// Every experiment.
public enum Lectures {
  /// The experiments in the order of the notes.
  public static let all: [any LectureExperiment] = [
    ActivationsLecture(), ApproximationLecture(), OutputLossesLecture(), EquationsLecture(), SymmetryLecture(),
    InitializationLecture(), VanishingLecture(), ClippingLecture(), DyingReLULecture(), ChoiceLecture(),
    LearningRateLecture(), BatchSizeLecture(), OptimizersLecture(), SparsityLecture(), OverfittingLecture(),
    EarlyStoppingLecture(), AdversarialLecture(), ConvolutionLecture(), LagLecture(),
  ]

  /// The experiment of this name; nil when there is none.
  public static func named(_ name: String) -> (any LectureExperiment)? { all.first { $0.name == name } }
}
