import Apus
import ArgumentParser

/// What the command says when something goes wrong.
enum Failure {
  /// Prints help, or one sentence about an error.
  ///
  /// - Returns: the status to exit with: 0 for help, 64 for a command line that makes no sense, else 1.
  static func report(_ error: any Error) -> Int32 {
    if isOwn(error) {
      StandardStreams.error("apus: " + sentence("\(error)") + "\n")
      return 1
    }
    let status = Command.exitCode(for: error).rawValue
    if status == 0 {
      _ = StandardStreams.output(Command.fullMessage(for: error) + "\n")
      return 0
    }
    StandardStreams.error("apus: " + sentence(usage(error)) + "\n")
    return status
  }

  /// Whether the error was made by Apus, not by the parser of the command line.
  private static func isOwn(_ error: any Error) -> Bool {
    error is TrainingError || error is any SentenceError
  }

  private static func usage(_ error: any Error) -> String {
    let text = Command.message(for: error)
    let help = "see apus --help"
    return text.isEmpty ? help : text.hasSuffix(".") ? text.dropLast() + "; " + help : text + "; " + help
  }

  /// One line that ends in a full stop.
  static func sentence(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.hasSuffix(".") || line.hasSuffix("?") ? line : line + "."
  }
}

/// An error whose description is one sentence for people.
protocol SentenceError: Error, CustomStringConvertible {}
extension DataError: SentenceError {}
extension FormatError: SentenceError {}
extension PlotError: SentenceError {}
extension RestoreError: SentenceError {}
extension HyperparameterError: SentenceError {}
extension SettingError: SentenceError {}
extension ShapeError: SentenceError {}
extension ModelCatalog.Failure: SentenceError {}
