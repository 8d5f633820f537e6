import Apus
import ArgumentParser

/// `apus generate`
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write text with a saved language model.",
    discussion: """
      EXAMPLES
        apus generate runs/charlm-book --prompt "The hacker" --length 400 --temperature 0.7
        apus generate runs/wordlm-book --length 60 --top-k 40 --top-p 0.9 --seed 3

      The same seed writes the same text. Temperature 0 always takes the likeliest symbol.
      """)

  @Argument(help: ArgumentHelp("The folder of a run of charlm or wordlm.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("What the text begins with; by default a sentence begins.", valueName: "text"))
  var prompt = ""
  @Option(help: "Characters or words to write.") var length = 200
  @Option(help: "Below 1 likely symbols become likelier, above 1 less likely.") var temperature = 1.0
  @Option(help: ArgumentHelp("Draw among so many of the likeliest symbols only.", valueName: "k")) var topK: Int?
  @Option(
    help: ArgumentHelp("Draw among the likeliest symbols only that together have this probability.", valueName: "p"))
  var topP = 1.0
  @Option(help: "Decides what is drawn.") var seed: UInt64 = 0
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    let sampler = try SymbolSampler(temperature: temperature, topK: topK, topP: topP)
    try compute.install()
    let report = try SavedRun(folder).generate(prompt: prompt, length: length, sampler: sampler, seed: seed)
    try out.print(report) { Texts.generation(report) }
  }
}
