import ApusTensor

/// A table whose rows follow each other in time, and the windows that forecasts are learnt from.
///
/// A sample looks back on `window` rows of all columns, the predicted ones last, and has the predicted columns of the next
/// `horizon` rows as its target.
public struct SeriesTable: Sendable {
  /// What messages call it.
  public let name: String
  /// What the columns mean.
  public let schema: TableSchema
  /// The values of all columns, the predicted ones last, row after row.
  public let columns: [[Float]]
  /// How many columns are predicted.
  public let targetCount: Int

  /// Reads a CSV file whose rows stand in the order of time.
  ///
  /// - Parameter schema: what the columns mean, of a saved run; nil finds it out by the options.
  /// - Throws: ``DataError`` when a value is missing, or a predicted column does not hold numbers; `FormatError` when the
  ///   file cannot be read.
  public init(_ path: String, options: CSVOptions, schema: TableSchema? = nil) throws {
    var options = options
    options.kind = .regression
    guard !options.missing.fills else {
      throw DataError(
        place: "--missing", problem: "cannot be \(options.missing) for a series, whose gaps lie between its neighbours",
        advice: "choose drop, or fill the gaps first")
    }
    let table = try CSVTable(contentsOf: path, delimiter: schema.map(\.delimiter) ?? options.delimiter)
    let used = try schema ?? TableSchema(table, options, needsInputs: false)
    let (inputs, targets) = try used.values(table)
    (name, self.schema) = (path, used)
    targetCount = targets.shape.dropFirst().reduce(1, *)
    let width = inputs.shape.dropFirst().reduce(1, *)
    let (a, b) = (inputs.scalars(as: Float.self), targets.scalars(as: Float.self))
    let count = targetCount
    columns = (0..<inputs.shape[0]).map { row in
      Array(a[row * width..<(row + 1) * width]) + Array(b[row * count..<(row + 1) * count])
    }
    if let bad = columns.firstIndex(where: { !$0.allSatisfy(\.isFinite) }) {
      throw DataError(
        place: path, problem: "row \(bad + 1) holds a value that is missing or no finite number",
        advice: "fill the gap, or add --missing drop")
    }
  }

  /// The number of rows.
  public var count: Int { columns.count }

  /// The values of the predicted columns in a row.
  public func targets(_ row: Int) -> [Float] { Array(columns[row].suffix(targetCount)) }

  /// The samples whose targets lie in a range of rows; they look back as far as they need, also beyond it.
  ///
  /// - Throws: ``DataError`` when there are none.
  public func windows(_ range: Range<Int>, window: Int, horizon: Int, part: String) throws -> Dataset {
    let first = max(range.lowerBound, window)
    let count = range.upperBound - horizon - first + 1
    guard count > 0 else {
      throw DataError(
        place: name + part,
        problem: "its \(range.count) rows are too few to look back on \(window) and ahead to \(horizon)",
        advice: "give more rows, or a smaller --window or --horizon")
    }
    let width = columns[0].count
    var (inputs, targets): ([Float], [Float]) = ([], [])
    inputs.reserveCapacity(count * window * width)
    for start in first..<first + count {
      for row in start - window..<start { inputs += columns[row] }
      for row in start..<start + horizon { targets += columns[row].suffix(targetCount) }
    }
    return try Dataset(
      name: name + part, inputs: HostArray(inputs, shape: [count, window, width]),
      targets: HostArray(targets, shape: [count, horizon * targetCount]), classNames: [])
  }

  /// The rows of the training, validation and test part, one after the other.
  public func ranges(validation: Double, test: Double) -> (train: Range<Int>, validation: Range<Int>, test: Range<Int>)
  {
    let last = count - Int(Double(count) * test)
    let middle = last - Int(Double(last) * validation)
    return (0..<middle, middle..<last, last..<count)
  }
}
