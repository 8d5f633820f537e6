import Apus
import ArgumentParser

/// `apus evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judge a saved run: loss, accuracy and other metrics, confusion matrix, precision and recall.",
    discussion: """
      EXAMPLES
        apus evaluate runs/mlp-digits
        apus evaluate runs/lenet5-fashion-mnist --json
        apus evaluate runs/lenet5-mnist --data other.npz
        apus evaluate runs/lenet5-mnist --metrics top3_accuracy,f1_weighted,roc_auc
        apus evaluate runs/seq2seq-cmudict --beam 5

      Of a run that gives every pixel a class: mean IoU, and the IoU of each class. Of a run that translates: the part of \
      the symbols (phonemes, words) that would have to be changed, the part of the texts that are not exactly right, and of \
      words BLEU, equal to sacrebleu's. Uses the test part of the data; where there is none the validation part, else all of it. Metrics: \
      \(Metric.names.joined(separator: ", ")).
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("Other data than the run was trained on.", valueName: "name|file")) var data: String?
  @Option(help: ArgumentHelp("Metrics, separated by commas; by default all that fit.", valueName: "names"))
  var metrics: String?
  @OptionGroup(title: "Search") var search: SearchOptions
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    let search = try search.search()
    try compute.install()
    let saved = try SavedRun(folder)
    let report = try saved.evaluate(on: data, metrics: metrics.map(MetricNames.list), search: search)
    try out.print(report) { Texts.evaluation(report, classNames: saved.configuration.classNames) }
  }
}
