import ApusNN
import ApusPlots
import ApusTraining

/// How weights and gradients are spread, parameter by parameter.
enum HistogramPlots {
  /// How many parameters are shown.
  static let most = 12

  /// The first and last recorded histograms of each tensor of a kind; without records of weights those of the model.
  static func plots(
    _ kind: TensorStatistics.Kind, _ statistics: [TensorStatistics], _ model: (any Layer)?
  ) -> [(path: String, figure: Figure)] {
    var found = statistics.filter { $0.kind == kind && !$0.counts.isEmpty }
    if found.isEmpty, kind == .weight, let model {
      found = model.parameters.filter { $0.parameter.role == .weight }.map {
        TensorStatistics($0.parameter.value.hostArray(), path: $0.name, kind: .weight, epoch: 0, step: 0)
      }.filter { !$0.counts.isEmpty }
    }
    var paths: [String] = []
    for record in found where !paths.contains(record.path) { paths.append(record.path) }
    // Biases have few values; their histograms say little.
    let matrices = paths.filter { !$0.hasSuffix("bias") }
    return (matrices.isEmpty ? paths : matrices).prefix(most).compactMap { path in
      let records = found.filter { $0.path == path }
      guard let first = records.first, let last = records.last else { return nil }
      let shown = first == last ? [last] : [first, last]
      return (path, figure(path, shown))
    }
  }

  private static func figure(_ path: String, _ records: [TensorStatistics]) -> Figure {
    let series = records.map { record in
      // A part of all values per bin, so that epochs with other bins can be compared.
      let total = Double(max(record.counts.reduce(0, +), 1))
      return Series.histogram(
        records.count == 1 ? "" : "epoch \(record.epoch)", edges: record.edges,
        counts: record.counts.map { Double($0) / total })
    }
    return Figure(
      path, x: Axis("value"), y: Axis("part of the values", from: 0), size: Figure.Size(420, 280), series: series)
  }
}
