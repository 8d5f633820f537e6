import ApusFormats
import ApusPlots
import ApusTraining

extension TranslationReport {
  /// What was looked at while the translations were made: a map for each, a row for each symbol of the translation and
  /// one for its end, a column for each symbol of the text.
  ///
  /// - Throws: ``TrainingError`` when the run has no attention.
  public func attentionFigure() throws -> Figure {
    let panels = try translations.map { translation in
      guard let attention = translation.attention else {
        throw TrainingError(run, "the model has no attention to draw", advice: "leave --attention out")
      }
      // A target that was cut off has no end.
      let rows = (translation.target + ["(end)"]).prefix(attention.count)
      // Parts of a hundred where there is room for them.
      let isSmall = rows.count <= 12 && translation.source.count <= 12
      let parts = attention.map { row in row.map { $0 * 100 } }
      let texts = parts.map { row in row.map { $0 < 0.5 ? "" : "\(Int($0.rounded()))" } }
      var panel = Panel.heatMap(
        translations.count > 1 ? translation.text : "", values: parts, rows: Array(rows),
        columns: translation.source, x: "read", y: "written", texts: isSmall ? texts : nil)
      panel.hasEqualUnits = true
      return panel
    }
    let (columns, rows) = (
      translations.map(\.source.count).max() ?? 1, translations.map { $0.target.count + 1 }.max() ?? 1
    )
    func extent(_ cells: Int) -> Int { min(max(160 + 34 * cells, 320), 4000) }
    return Figure("Attention in per cent", panelSize: Figure.Size(extent(columns), extent(rows)), panels: panels)
  }
}
