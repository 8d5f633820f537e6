import Apus
import ArgumentParser

/// `apus forecast`
struct Forecast: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Forecast a series by a saved run, and compare with forecasts that need no network.",
    discussion: """
      EXAMPLES
        apus train forecaster --data weather.csv --ignore date --target temp_max --window 28 --horizon 7 --test-split 0.2
        apus forecast runs/forecaster-weather --season 365 --plot forecast.svg

      The root mean squared error on the test part, or without one the validation part, of the network, of the last known \
      value and of the value a season before; and the rows after the end of the table.
      """)

  @Argument(help: ArgumentHelp("The folder of a run of forecaster.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("Another table with the run's columns.", valueName: "file")) var data: String?
  @Option(help: ArgumentHelp("Rows of a season, such as 365 days.", valueName: "rows")) var season: Int?
  @Option(help: ArgumentHelp("Draw forecast and truth into a file that ends in .svg or .png.", valueName: "file"))
  var plot: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let report = try SavedRun(folder).forecast(on: data, season: season)
    if let plot { try report.figure().write(to: plot) }
    try out.print(report) { Texts.forecast(report) }
  }
}
