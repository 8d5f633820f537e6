import Apus
import ArgumentParser

/// What the command says when something goes wrong.
enum Failure {
  /// Prints help, or one sentence about an error.
  ///
  /// - Returns: the status to exit with: 0 for help, 64 for a command line that makes no sense, else 1.
  static func report(_ error: any Error) -> Int32 {
    let (text, status) = message(error)
    if status == 0 {
      _ = StandardStreams.output(text + "\n")
    } else {
      StandardStreams.error("apus: " + text + "\n")
    }
    return status
  }

  /// What is said about an error, and the status to exit with.
  static func message(_ error: any Error) -> (text: String, status: Int32) {
    if isOwn(error) { return (sentence("\(error)"), 1) }
    let status = Command.exitCode(for: error).rawValue
    return (status == 0 ? Command.fullMessage(for: error) : sentence(usage(error)), status)
  }

  /// Whether the error was made by Apus, not by the parser of the command line.
  static func isOwn(_ error: any Error) -> Bool {
    error is TrainingError || error is any SentenceError
  }

  /// What the parser says, and whose help lists what is possible.
  private static func usage(_ error: any Error) -> String {
    let text = Command.message(for: error)
    let advice = Command.fullMessage(for: error).split(separator: "'").last { $0.hasSuffix(" --help") }
    let help = "see \(advice ?? "apus --help")"
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
