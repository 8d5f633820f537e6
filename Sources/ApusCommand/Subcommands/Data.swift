import Apus
import ArgumentParser

/// `apus data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "What data there are.",
    discussion: """
      EXAMPLES
        apus data list
        apus data list --json
      """, subcommands: [List.self])

  /// `apus data list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Every data set, where it was looked for, and the command that gets it when it is missing.",
      discussion: """
        EXAMPLES
          apus data list
          APUS_DATA=/srv/data apus data list --json
        """)

    @OptionGroup(title: "Output") var out: OutputOptions

    func run() throws {
      let report = DataReport()
      try out.print(report) { Texts.dataSets(report) }
    }
  }
}
