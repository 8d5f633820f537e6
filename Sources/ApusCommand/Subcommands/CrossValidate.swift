import Apus
import ArgumentParser

/// `apus cross-validate`
struct CrossValidate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cross-validate",
    abstract: "Judge a way of training on small data: each fold of the samples is the test part once.",
    discussion: """
      EXAMPLES
        apus cross-validate mlp --data iris --hidden 16 --epochs 60 --learning-rate 0.01
        apus cross-validate mlp --data breast-cancer --task binary --folds 10 --json
        apus cross-validate mlp --data houses.csv --target price --task regression

      Takes the options of apus train, but for those of what is kept on disk. Samples are dealt into folds with the classes spread evenly; normalisation is \
      fitted to each fold's training part. Nothing is saved.
      """)

  @OptionGroup var training: TrainingArguments
  @Option(help: "How many folds.") var folds = 5
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let validation = try CrossValidation(training.request(), folds: folds)
    let report = try validation.run { fold, number in
      StandardStreams.error(Texts.fold(fold, number, of: validation.foldCount) + "\n")
    }
    try out.print(report) { Texts.crossValidation(report) }
  }
}
