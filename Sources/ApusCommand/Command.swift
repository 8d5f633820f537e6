import ApusTraining
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
        apus data list

      Every subcommand takes --help, which has examples, and --json, which prints one JSON object on standard output \
      and nothing else.
      """,
    version: ApusVersion.current,
    subcommands: [
      Train.self, Evaluate.self, Predict.self, Infer.self, Bench.self, DataCommand.self,
    ])
}
