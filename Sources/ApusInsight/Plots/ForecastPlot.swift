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
}
