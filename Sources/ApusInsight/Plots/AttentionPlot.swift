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
      let texts = attention.map { row in row.map { $0 < 0.005 ? "" : "\(Int(($0 * 100).rounded()))" } }
      var panel = Panel.heatMap(
        translations.count > 1 ? translation.text : "", values: attention, rows: Array(rows),
        columns: translation.source, texts: isSmall ? texts : nil)
      panel.hasEqualUnits = true
      return panel
    }
    let (columns, rows) = (
      translations.map(\.source.count).max() ?? 1, translations.map { $0.target.count + 1 }.max() ?? 1
    )
    func extent(_ cells: Int) -> Int { min(max(140 + 34 * cells, 300), 4000) }
    return Figure("Attention", panelSize: Figure.Size(extent(columns), extent(rows)), panels: panels)
  }
}
