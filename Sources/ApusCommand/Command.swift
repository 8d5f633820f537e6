import Apus
import ArgumentParser

/// The `apus` command.
struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Deep learning on this machine: train networks, judge them, use them.",
    discussion: """
      EXAMPLES
        apus train mlp --data digits --epochs 20
        apus evaluate runs/mlp-digits
        apus predict runs/mlp-digits seven.png
        apus runs --sort validation
        apus data list

      Every subcommand takes --help, which has examples, and --json, which prints one JSON object on standard output \
      and nothing else.
      """,
    version: ApusVersion.current,
    subcommands: [
      Train.self, FineTune.self, CrossValidate.self, FindLearningRate.self, Evaluate.self, Report.self, Runs.self,
      Predict.self, Faces.self, Infer.self, Score.self, Generate.self, Translate.self, Forecast.self, Inspect.self,
      Convert.self,
      Export.self, Pretrained.self,
      Summary.self, Bench.self, EnsembleCommand.self,
      AttackCommand.self, DataCommand.self, Lecture.self,
    ])
}

extension Command {
  /// The words of a command line as text.
  ///
  /// - Throws: `TrainingError` when one is no text: as text it would name another file.
  static func words(_ raw: [[UInt8]]) throws -> [String] {
    try raw.map { bytes in
      guard let word = String(validating: bytes, as: UTF8.self) else {
        throw TrainingError(
          String(decoding: bytes, as: UTF8.self), "is not valid UTF-8, so no file can be named by it",
          advice: "rename the file or folder")
      }
      return word
    }
  }

  /// The words of a command line as the parser takes them: a negative number is joined to the option before it, as in
  /// `--momentum=-1`, because it would be taken for another option.
  ///
  /// - Throws: `TrainingError` when a word is empty: no value and no argument is.
  static func joined(_ words: [String]) throws -> [String] {
    try words.reduce(into: []) { joined, word in
      guard let last = joined.last, last.hasPrefix("--"), last.count > 2, !last.contains("=") else {
        if word.isEmpty { throw TrainingError("the command line", "has an empty word", advice: "leave it out") }
        return joined.append(word)
      }
      guard !word.isEmpty else {
        throw TrainingError(last, "has an empty value", advice: "give it one, or leave the option out")
      }
      if word.hasPrefix("-"), Double(word) != nil {
        joined[joined.count - 1] = last + "=" + word
      } else {
        joined.append(word)
      }
    }
  }

  /// Names the nearest subcommands when the first word is none.
  static func checkName(_ word: String?) throws {
    let names = configuration.subcommands.map { $0._commandName } + ["help"]
    guard let word, !word.hasPrefix("-"), !names.contains(word) else { return }
    throw TrainingError.unknown("command", word, among: names.sorted())
  }
}
