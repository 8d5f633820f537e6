import Apus
import ApusLectures
import ArgumentParser

/// `apus lecture`
struct Lecture: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run small experiments that show what the lecture notes teach.",
    discussion: """
      EXAMPLES
        apus lecture                          # lists the experiments
        apus lecture vanishing
        apus lecture all --output figures --seed 3 --format png
        apus lecture activations --json

      Each prints its numbers, and what the notes say with whether the numbers show it, and writes its figures and \
      result.md into lecture/NAME. The networks are small: one thread computes them unless --threads asks for more.
      """)

  @Argument(help: "The experiment, or all; without it the experiments are listed.") var name: String?
  @Option(help: ArgumentHelp("Folder that gets a folder for each experiment.", valueName: "dir"))
  var output = "lecture"
  @Option(help: "Decides initial weights and the order of samples.") var seed: UInt64 = 1
  @Option(help: "What figures are written as: svg or png.") var format = "svg"
  @OptionGroup(title: "Computation") var compute: ComputeOptions
  @OptionGroup(title: "Output") var out: OutputOptions

  func run() throws {
    guard let name else { return try out.print(LectureList()) { LectureList().text } }
    let chosen = try experiments(name)
    guard let format = LectureFolder.Format(rawValue: format) else {
      throw TrainingError.unknown("format", format, among: LectureFolder.Format.allCases.map(\.rawValue))
    }
    var compute = compute
    compute.threads = compute.threads ?? 1
    try compute.install()
    var report = LectureReport(seed: seed)
    var undrawn: PlotError?
    for experiment in chosen {
      let folder = try LectureFolder(experiment, below: output, format: format)
      let clock = ContinuousClock()
      let start = clock.now
      let result = try experiment.run(seed: seed)
      let seconds = (clock.now - start) / .seconds(1)
      // Without gnuplot the numbers are worth printing all the same.
      var files: [String] = []
      do {
        files = try folder.write(result, of: experiment, seed: seed)
      } catch let error as PlotError {
        undrawn = error
      }
      let entry = LectureReport.Entry(experiment, result, files: files, seconds: seconds)
      report.lectures.append(entry)
      if !out.json { try out.print(entry) { entry.text } }
    }
    if out.json { try out.print(report) { "" } }
    if let undrawn { throw undrawn }
  }

  /// The experiment with a name, or all.
  func experiments(_ name: String) throws -> [any LectureExperiment] {
    if name == "all" { return Lectures.all }
    guard let one = Lectures.named(name) else {
      throw TrainingError.unknown("lecture", name, among: Lectures.all.map(\.name) + ["all"])
    }
    return [one]
  }
}
