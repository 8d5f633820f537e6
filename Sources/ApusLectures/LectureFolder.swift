import Apus

/// Where an experiment's figures and text are written: `DIR/NAME/`, with `result.md` and a file for every figure.
public struct LectureFolder: Sendable {
  /// What figures are written as.
  public enum Format: String, Sendable, CaseIterable {
    /// Lines and letters.
    case svg
    /// Pixels.
    case png
  }

  /// The folder.
  public let path: String
  /// What figures are written as.
  public let format: Format

  /// The folder of an experiment below another one, made if need be.
  ///
  /// - Throws: ``TrainingError`` when it cannot be made or written.
  public init(_ experiment: any LectureExperiment, below folder: String, format: Format = .svg) throws {
    path = (folder.isEmpty ? "." : folder) + "/" + experiment.name
    self.format = format
    try RunFolder(path).create()
  }

  /// Writes the text and draws the figures.
  ///
  /// - Throws: `PlotError` without gnuplot, when the text is written; `FormatError` when a file cannot be written.
  /// - Returns: the paths of the files.
  @discardableResult
  public func write(_ result: LectureResult, of experiment: any LectureExperiment, seed: UInt64) throws -> [String] {
    var files = ["\(path)/result.md"]
    try AtomicFile.write(markdown(result, experiment, seed), to: files[0])
    for drawing in result.drawings {
      let file = "\(path)/\(drawing.name).\(format.rawValue)"
      try drawing.figure.write(to: file)
      files.append(file)
    }
    return files
  }

  private func markdown(_ result: LectureResult, _ experiment: any LectureExperiment, _ seed: UInt64) -> String {
    let tables = result.tables.map(\.markdown).joined(separator: "\n")
    let claims = result.claims.map { "- \($0.isShown ? "shown" : "**not shown**"): \($0.text)\n" }.joined()
    let figures = result.drawings.map { "![\($0.figure.title)](\($0.name).\(format.rawValue))\n" }
    return """
      # \(experiment.title)

      Where it belongs: \(experiment.source). Made by `apus lecture \(experiment.name) --seed \(seed)`.

      \(result.paragraph)

      What the notes say, against these numbers:

      \(claims)
      \(tables)
      \(figures.joined(separator: "\n"))
      """
  }
}
