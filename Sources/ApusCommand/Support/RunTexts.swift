import Apus

/// Lists and comparisons of runs as text for people.
enum RunTexts {
  /// A line for every run.
  static func list(_ report: RunList) -> String {
    var lines: [String] = []
    if report.runs.isEmpty {
      lines.append("no runs in \(report.folder)")
    } else {
      let heading = [
        "run", "model", "data", "epochs", "best", "validation", "test", "parameters", "time", "optimizer", "rate",
        "date",
      ]
      lines += table([heading] + report.runs.map(row), leftColumns: [0, 1, 2, 5, 6, 9, 11])
    }
    lines += report.damaged.map { "damaged: \($0.run) (\($0.problem))" }
    return lines.joined(separator: "\n")
  }

  private static func row(_ run: RunSummary) -> [String] {
    [
      run.run, run.model, run.data, "\(run.epochs)/\(run.plannedEpochs)", run.bestEpoch.map(String.init) ?? "-",
      score(run.validation), score(run.test), run.parameters.map(String.init) ?? "-", Rounding.duration(run.seconds),
      run.optimizer, "\(run.learningRate)", String(run.date.prefix(16).map { $0 == "T" ? " " : $0 }),
    ]
  }

  /// `accuracy 0.9812`
  private static func score(_ value: MetricValue?) -> String {
    value.map { "\($0.name) \(Rounding.text($0.value, 4))" } ?? "-"
  }

  /// A column for every run: settings, results, curves.
  static func comparison(_ report: RunComparison) -> String {
    var rows: [[String]] = [[""] + report.runs]
    rows += report.differences.map { difference in
      [difference.setting] + difference.values.map { $0.map(shortened) ?? "-" }
    }
    if report.differences.isEmpty { rows.append(["the same settings"]) }
    rows.append([])
    rows += report.results.map { result in [result.name] + result.values.map { $0.map(number) ?? "-" } }
    rows.append([])
    rows += report.curves.map { curve in
      let (low, high) = bounds(curve.values.flatMap { $0 })
      return [curve.name] + curve.values.map { sparkline($0, low, high) }
    }
    return table(rows, leftColumns: Set(0...report.runs.count)).joined(separator: "\n")
  }

  private static func shortened(_ text: String) -> String { text.count > 40 ? text.prefix(37) + "..." : text }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? Rounding.text(value, 0) : Rounding.text(value, 4)
  }

  private static func bounds(_ values: [Double?]) -> (Double, Double) {
    let finite = values.compactMap { $0 }.filter(\.isFinite)
    return (finite.min() ?? 0, finite.max() ?? 0)
  }

  /// A curve in one line of at most 32 characters, low values as low blocks; runs of a comparison have one scale.
  static func sparkline(_ values: [Double?], _ low: Double, _ high: Double) -> String {
    let blocks = Array("▁▂▃▄▅▆▇█")
    let width = min(values.count, 32)
    return String(
      (0..<width).map { position -> Character in
        // The last epoch of those that share a character.
        guard let value = values[(position + 1) * values.count / width - 1] else { return " " }
        guard value.isFinite else { return "!" }
        let height = high > low ? (value - low) / (high - low) * Double(blocks.count - 1) : 0
        return blocks[Int(height.rounded())]
      })
  }

  /// Columns as wide as they must be, two spaces between them.
  private static func table(_ rows: [[String]], leftColumns: Set<Int>) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        leftColumns.contains(column) ? text.padded(to: widths[column]) : text.leftPadded(to: widths[column])
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
