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
      Train.self, CrossValidate.self, FindLearningRate.self, Evaluate.self, Report.self, Runs.self, Predict.self,
      Infer.self, Summary.self, Bench.self, EnsembleCommand.self, AttackCommand.self, DataCommand.self, Lecture.self,
    ])
}

extension Command {
  /// Names the nearest subcommands when the first word is none.
  static func checkName(_ word: String?) throws {
    let names = configuration.subcommands.map { $0._commandName } + ["help"]
    guard let word, !word.hasPrefix("-"), !names.contains(word) else { return }
    throw TrainingError.unknown("command", word, among: names.sorted())
  }
}
