import Apus
import ArgumentParser

/// `apus score`
struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say how probable sentences are, by a saved language model.",
    discussion: """
      EXAMPLES
        apus score runs/wordlm-book "I like cats" "I table cats" "like I cats"
        apus score runs/charlm-book "I like cats" --symbols --json

      The natural logarithm of a sentence's probability: the sum over its characters or words of what each costs after \
      those before it. Longer sentences are less probable; the perplexity is the mean over the symbols.
      """)

  @Argument(help: ArgumentHelp("The folder of a run of charlm or wordlm.", valueName: "run")) var folder: String
  @Argument(help: ArgumentHelp("Sentences, each in quotation marks.", valueName: "sentence")) var sentences: [String]
  @Flag(help: "Show what every symbol costs.") var symbols = false
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let report = try SavedRun(folder).score(sentences)
    try out.print(report) { Texts.scores(report, showsSymbols: symbols) }
  }
}
