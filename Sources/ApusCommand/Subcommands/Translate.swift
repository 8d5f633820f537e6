import Apus
import ArgumentParser

/// `apus translate`
struct Translate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Translate texts with a saved encoder-decoder or one with published weights: sentences, or letters to sounds.",
    discussion: """
      EXAMPLES
        apus train seq2seq --data cmudict --epochs 12 --batch-size 128 --clip-norm 1 --test-split 0.1
        apus translate runs/seq2seq-cmudict "spider" "unknowable" --beam 5
        apus translate runs/seq2seq-english-spanish "In the beginning God made heaven." --attention looked-at.svg
        apus translate letters-to-sounds --weights checkpoint20.npz "spider" "unknowable"

      A beam of 1 takes the likeliest symbol at every step; wider ones find likelier translations. With a length penalty of \
      0 the likeliest translation wins, which favours short ones; with 1 the one whose symbols are likeliest on average.
      apus pretrained lists the networks with published weights.
      """)

  @Argument(
    help: ArgumentHelp("The folder of a run of seq2seq, or with --weights a network's name.", valueName: "run|network"))
  var folder: String
  @Argument(help: ArgumentHelp("Texts, each in quotation marks.", valueName: "text")) var texts: [String]
  @Option(help: ArgumentHelp("Weights of letters-to-sounds: .npz, .safetensors or .pth.", valueName: "file"))
  var weights: String?
  @OptionGroup(title: "Search") var search: SearchOptions
  @Option(
    help: ArgumentHelp("Draw what was looked at into a file that ends in .svg or .png.", valueName: "file"))
  var attention: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    let chosen = try search.search() ?? BeamSearch()
    try compute.install()
    if weights == nil { try PretrainedNetwork.checkIsNone(folder) }
    let report =
      if let weights {
        try PretrainedNetwork.named(folder).translate(texts, weights: weights, by: chosen)
      } else {
        try SavedRun(folder).translate(texts, by: chosen)
      }
    if let attention { try report.attentionFigure().write(to: attention) }
    try out.print(report) { Texts.translations(report) }
  }
}

/// How translations are found.
struct SearchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Beginnings of a translation that are carried on side by side (1).", valueName: "width"))
  var beam: Int?
  @Option(
    help: ArgumentHelp("Power of the length that log-probabilities are divided by (1).", valueName: "number"))
  var lengthPenalty: Double?

  /// The search; nil when nothing was said.
  ///
  /// - Throws: `TrainingError` when a number is impossible.
  func search() throws -> BeamSearch? {
    guard beam != nil || lengthPenalty != nil else { return nil }
    return try BeamSearch(width: beam ?? 1, lengthPenalty: lengthPenalty ?? 1)
  }
}
