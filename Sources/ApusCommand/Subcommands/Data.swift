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
        apus data show houses.csv --target price
      """, subcommands: [List.self, Show.self])

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
  /// `apus data show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What a data set holds, read as a training would read it.",
      discussion: """
        EXAMPLES
          apus data show iris
          apus data show houses.csv --target price --ignore id --missing median
          apus data show ./photos --bad-images skip        # names every file that is no usable picture
        """)

    @Argument(
      help: ArgumentHelp(
        "A data set (apus data list), a .csv or .npz file, a folder of IDX files, pictures or sounds.",
        valueName: "name|file"))
    var data: String
    @OptionGroup(title: "Data") var options: DataOptions
    @OptionGroup(title: "Output") var out: OutputOptions

    func run() throws {
      let configuration = try options.configuration()
      let summary = try DataSummary(configuration.load(data, validationSplit: 0, seed: 0))
      try out.print(summary) { Texts.data(summary) }
    }
  }
}
