import ApusFormats

/// The names of a table's columns.
struct TableHeader {
  let file: String
  let names: [String]
  /// Whether the first row holds the names.
  let isInFile: Bool

  /// The names in the first row; without a header `column 1` and so on. A column without a name gets such one too.
  ///
  /// - Parameter hasHeader: nil decides by the first row: it is a header when no field of it is a number.
  /// - Throws: ``DataError`` when two columns have the same name.
  init(_ table: CSVTable, hasHeader: Bool?) throws {
    file = table.file
    isInFile = hasHeader ?? !(0..<table.width).contains { table.number(0, $0) != nil }
    guard isInFile else {
      names = (1...table.width).map { "column \($0)" }
      return
    }
    var names: [String] = []
    var places: [String: Int] = [:]
    for column in 0..<table.width {
      let text = try table.text(0, column)
      let name = text.isEmpty ? "column \(column + 1)" : text
      if let other = places.updateValue(column, forKey: name) {
        throw DataError(
          place: "\(file), line \(table.line(0))",
          problem: "columns \(other + 1) and \(column + 1) are both called '\(name)'", advice: "rename one of them")
      }
      names.append(name)
    }
    self.names = names
  }

  /// The first row that is no header.
  var firstRow: Int { isInFile ? 1 : 0 }

  /// The position of a column, from 0, by name or by its number from 1.
  ///
  /// - Throws: ``DataError`` when there is none, with the nearest names.
  func position(_ text: String) throws -> Int {
    if let index = names.firstIndex(of: text) { return index }
    if let number = Int(text), number >= 1, number <= names.count { return number - 1 }
    let nearest = NearestNames.of(text, among: names)
    let meant = nearest.isEmpty ? "" : "did you mean \(nearest.joined(separator: " or "))? "
    let some = names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", ..." : "")
    throw DataError(
      place: file, problem: "has no column '\(text)'",
      advice: meant + "choose one of: \(some), or a number from 1 to \(names.count)")
  }

  /// The positions of several columns.
  ///
  /// - Throws: ``DataError`` when there is no such column or one is named twice.
  func positions(_ texts: [String], _ purpose: String) throws -> [Int] {
    var found: [Int] = []
    for text in texts {
      let position = try position(text)
      guard !found.contains(position) else {
        throw DataError(
          place: file, problem: "the column '\(names[position])' is named twice as \(purpose)", advice: "name it once")
      }
      found.append(position)
    }
    return found
  }
}
