import ApusFormats
import ApusPlots
import ApusTraining

extension ForecastReport {
  /// The forecast one step ahead beside what came and the forecast without a network.
  public func figure() -> Figure {
    let rows = actual.indices.map { Double(firstRow + $0) }
    let name = columns.first ?? "value"
    return Figure(
      "\(name), one step ahead", x: Axis("row", isWhole: true), y: Axis(name), size: Figure.Size(760, 360),
      series: [
        .line("true", x: rows, y: actual, markers: false),
        .line("forecast", x: rows, y: forecast, markers: false),
        .line(
          season.map { "\($0) rows before" } ?? "the row before", x: rows, y: reference, dash: .dashed, markers: false,
          color: .gray),
      ])
  }

  /// Draws ``figure()`` into an SVG file.
  ///
  /// - Throws: `PlotError` when gnuplot is missing, `FormatError` when the file cannot be written.
  public func draw(to path: String) throws { try AtomicFile.write(try figure().svg(), to: path) }
}
