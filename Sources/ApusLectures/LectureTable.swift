/// A small table: the first column is left-aligned, the others right-aligned.
///
/// ```swift
/// let table = LectureTable(["units", "error"], [["1", "0.93"], ["64", "0.004"]])
/// print(table.text)
/// ```
public struct LectureTable: Sendable, Hashable {
  /// The heads of the columns.
  public var columns: [String]
  /// The rows, each with as many cells as there are columns.
  public var rows: [[String]]

  /// A table.
  ///
  /// - Precondition: every row has as many cells as there are columns.
  public init(_ columns: [String], _ rows: [[String]]) {
    precondition(rows.allSatisfy { $0.count == columns.count }, "every row needs \(columns.count) cells")
    self.columns = columns
    self.rows = rows
  }

  /// The table for a terminal: aligned columns, a line to a row.
  public var text: String {
    ([columns] + rows).map { line($0).joined(separator: "  ").trimmedRight() + "\n" }.joined()
  }

  /// The table in Markdown, with its columns aligned in the source too.
  public var markdown: String {
    let rule = widths.enumerated().map { column, width in
      column == 0 ? String(repeating: "-", count: width) : String(repeating: "-", count: max(width, 2) - 1) + ":"
    }
    return ([line(columns), rule] + rows.map(line)).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  private var widths: [Int] {
    columns.indices.map { column in ([columns] + rows).map { $0[column].count }.max() ?? 0 }
  }

  private func line(_ cells: [String]) -> [String] {
    zip(cells, widths).enumerated().map { column, cell in
      let space = String(repeating: " ", count: cell.1 - cell.0.count)
      return column == 0 ? cell.0 + space : space + cell.0
    }
  }
}

extension String {
  fileprivate func trimmedRight() -> String {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
