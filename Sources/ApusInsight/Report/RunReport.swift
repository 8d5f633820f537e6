import ApusFormats
import ApusPlots
import ApusTraining

/// The report of a run: figures in its folder `plots`, and a page of HTML that holds everything.
///
/// ```swift
/// let report = try RunReport.write(run: "runs/lenet5-mnist")
/// print(report.page)     // runs/lenet5-mnist/report.html
/// ```
public struct RunReport: Sendable, Hashable, Encodable {
  /// The folder of the run.
  public let run: String
  /// The page.
  public let page: String
  /// The files of the figures.
  public let plots: [String]

  /// Judges a run, draws its figures and writes its page. A run that is not finished is reported as far as it is.
  ///
  /// - Parameter output: the file of the page; nil is `report.html` in the folder of the run.
  /// - Throws: `TrainingError`, `FormatError` or `RestoreError` when there is no run, a file is damaged or cannot be
  ///   written; `PlotError` when gnuplot is missing.
  @discardableResult
  public static func write(run path: String, to output: String? = nil) throws -> RunReport {
    let facts = try RunFacts(path)
    let plots = RunPlots(facts)
    let folder = facts.folder.path + "/plots"
    let documents = try plots.write(to: folder)
    let page = output ?? facts.folder.path + "/report.html"
    try AtomicFile.write(ReportPage(facts, plots, documents: documents).text, to: page)
    return RunReport(run: facts.folder.path, page: page, plots: plots.plots.map { "\(folder)/\($0.name).svg" })
  }
}
