import Apus
import ArgumentParser

/// `apus report`
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw a run and write its report, one page of HTML.",
    discussion: """
      EXAMPLES
        apus report runs/lenet5-fashion-mnist
        apus report runs/mlp-digits --output digits.html

      The page holds results, learning curves, confusion matrix, sample predictions, histograms, the model, the \
      configuration and the command that made the run. It needs no other file. The figures are also written as SVG \
      into the folder plots of the run. A run that is still training is reported as far as it is.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("The page to write (report.html in the folder of the run).", valueName: "file"))
  var output: String?
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    try compute.install()
    let report = try RunReport.write(run: folder, to: output)
    try out.print(report) { "\(report.page)\n\(report.plots.count) figures in \(report.run)/plots" }
  }
}
