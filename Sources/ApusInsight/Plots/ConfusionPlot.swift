import ApusPlots

/// Which classes were taken for which, as a heat map.
enum ConfusionPlot {
  /// Rows actual, columns predicted; colours are the part of the actual class, texts the counts.
  static func figure(classNames: [String], counts: [[Int]]) -> Figure? {
    guard !classNames.isEmpty, counts.count == classNames.count else { return nil }
    let parts = counts.map { row in
      let total = Double(max(row.reduce(0, +), 1))
      return row.map { Double($0) / total }
    }
    let isSmall = classNames.count <= 12
    var panel = Panel.heatMap(
      "Confusion matrix", values: parts, rows: classNames, columns: classNames, x: "predicted", y: "actual",
      texts: isSmall ? counts.map { $0.map { $0 == 0 ? "" : String($0) } } : nil)
    // Square cells beside long names would leave little room for them.
    if classNames.contains(where: { $0.count > 4 }) { panel.hasEqualUnits = false }
    return Figure(panelSize: Figure.Size(540, 500), panels: [panel])
  }
}
