import ApusPlots

/// Predicted against true values.
enum RegressionPlot {
  /// How many points are drawn.
  static let most = 2000

  /// A point for every sample, and the line on which all would lie if all were right; nil without values.
  static func figure(predicted: [Double], actual: [Double]) -> Figure? {
    let pairs = zip(actual, predicted).filter { $0.0.isFinite && $0.1.isFinite }.prefix(most)
    let all = pairs.flatMap { [$0.0, $0.1] }
    guard let least = all.min(), let greatest = all.max() else { return nil }
    return Figure(
      "Predicted and true values", x: Axis("true"), y: Axis("predicted"), size: Figure.Size(520, 420),
      series: [
        .points("samples", x: pairs.map(\.0), y: pairs.map(\.1), size: pairs.count > 300 ? 0.6 : 1),
        .line("equal", x: [least, greatest], y: [least, greatest], dash: .dashed, markers: false, color: .gray),
      ])
  }
}
