import Apus
import ArgumentParser

/// `apus runs`
struct Runs: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the runs under a folder, or compare some of them.",
    discussion: """
      EXAMPLES
        apus runs
        apus runs experiments --sort validation
        apus runs --compare runs/mlp-digits runs/mlp-digits-2
        apus runs --json

      Compares what differs between the configurations, the results, and the learning curves. Runs that are damaged are \
      named and passed over.
      """)

  @Argument(help: ArgumentHelp("A folder with runs (runs); with --compare the folders of runs.", valueName: "folder"))
  var folders: [String] = []
  @Option(
    help: ArgumentHelp(
      "What to sort by: \(RunList.Order.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "key"))
  var sort = RunList.Order.date.rawValue
  @Flag(help: "Show two or more runs side by side.") var compare = false
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    guard let order = RunList.Order(rawValue: sort) else {
      throw TrainingError.unknown("sort key", sort, among: RunList.Order.allCases.map(\.rawValue))
    }
    if compare {
      let report = try RunComparison(folders)
      return try out.print(report) { RunTexts.comparison(report) }
    }
    guard folders.count <= 1 else {
      throw TrainingError(
        folders[1], "only one folder is listed at a time", advice: "give the folder above, or add --compare")
    }
    let report = try RunList(under: folders.first ?? "runs", by: order)
    try out.print(report) { RunTexts.list(report) }
  }
}
