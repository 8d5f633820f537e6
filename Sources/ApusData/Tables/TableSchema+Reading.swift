import ApusTensor

extension TableSchema {
  /// A table as a data set: inputs f32 `[N, inputs]`, targets i32 `[N]` (classes) or f32 `[N, outputs]` (regression).
  ///
  /// Columns of numbers make one input each, missing ones NaN where the policy fills them later (``Imputation``);
  /// categories are one-hot.
  ///
  /// - Throws: ``DataError`` with file, line and column when a column is not there or a value does not fit the schema.
  public func dataset(_ table: CSVTable, name: String) throws -> Dataset {
    let (inputs, targets) = try values(table)
    return try Dataset(name: name, inputs: inputs, targets: targets, classNames: classNames)
  }

  /// The inputs and targets of every row, as those of ``dataset(_:name:)``; there may be no inputs.
  func values(_ table: CSVTable) throws -> (inputs: HostArray, targets: HostArray) {
    let header = try TableHeader(table, hasHeader: hasHeader)
    let featurePlaces = try places(features.map { ($0.name, $0.position) }, table, header, needed: width)
    let targetPlaces = try places(targets.map { ($0.name, $0.position) }, table, header, needed: width)
    let rows = try Self.rows(table, header, featurePlaces, targetPlaces, missing)
    guard !rows.isEmpty else {
      throw DataError(place: table.file, problem: "holds no rows of values", advice: "give at least one row")
    }
    let columns = TableColumns(table: table, header: header, rows: rows)
    return (try inputs(columns, featurePlaces), try targets(columns, targetPlaces))
  }

  /// The inputs f32 `[N, inputs]` of every row of a table that need not have the target columns: what a network predicts
  /// from.
  ///
  /// - Throws: ``DataError`` as ``dataset(_:name:)``; a missing value is refused unless the policy fills it.
  public func inputs(_ table: CSVTable) throws -> HostArray {
    let header = try TableHeader(table, hasHeader: hasHeader)
    let places = try places(features.map { ($0.name, $0.position) }, table, header, needed: nil)
    let policy = missing.fills ? missing : .refuse
    let rows = try Self.rows(table, header, places, [], policy)
    guard !rows.isEmpty else {
      throw DataError(place: table.file, problem: "holds no rows of values", advice: "give at least one row")
    }
    return try inputs(TableColumns(table: table, header: header, rows: rows), places)
  }

  /// Where the columns are in another file.
  private func places(
    _ columns: [(name: String, position: Int)], _ table: CSVTable, _ header: TableHeader, needed: Int?
  ) throws -> [Int] {
    if hasHeader {
      return try columns.map { column in
        guard let place = header.names.firstIndex(of: column.name) else {
          throw DataError(
            place: table.file, problem: "has no column '\(column.name)', which the model was trained with",
            advice: "give a file with the columns of the training data")
        }
        return place
      }
    }
    // A file without a header may lack target columns that stand at the end.
    let last = (features.map(\.position).max() ?? 0) + 1
    guard table.width == width || (needed == nil && table.width >= last && table.width < width) else {
      throw DataError(
        place: table.file, problem: "has \(table.width) columns, the training data \(width)",
        advice: "give a file with the columns of the training data")
    }
    return columns.map(\.position)
  }

  private func inputs(_ columns: TableColumns, _ places: [Int]) throws -> HostArray {
    let width = features.reduce(0) { $0 + $1.width }
    let codes = features.map { feature in
      feature.categories.map { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($1, $0) }) }
    }
    let type = TensorType([columns.rows.count, width], .float32)
    return try HostArray(type: type) { bytes in
      let target = bytes.bindMemory(to: Float.self)
      target.initialize(repeating: 0)
      var next = 0
      for row in columns.rows {
        for (index, place) in places.enumerated() {
          defer { next += features[index].width }
          if let codes = codes[index] {
            guard !columns.table.isMissing(row, place) else { continue }
            if let code = codes[try columns.table.text(row, place)] { target[next + code] = 1 }
          } else {
            target[next] = try number(columns, row, place)
          }
        }
      }
    }
  }

  private func targets(_ columns: TableColumns, _ places: [Int]) throws -> HostArray {
    guard !classNames.isEmpty else {
      let values = try columns.rows.flatMap { row in try places.map { try number(columns, row, $0) } }
      return HostArray(values, shape: [columns.rows.count, places.count])
    }
    let place = places[0]
    let codes = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, Int32($0)) })
    let labels = try columns.rows.map { row in
      var text = try columns.table.text(row, place)
      if hasNumericClasses, let number = columns.table.number(row, place) { text = TableColumns.className(number) }
      guard let code = codes[text] else {
        throw columns.table.error(
          row, place, name: columns.header.names[place], "the class '\(text)' is not one of the training data",
          advice: "remove such rows, or train with them")
      }
      return code
    }
    return HostArray(labels, shape: [labels.count])
  }

  private func number(_ columns: TableColumns, _ row: Int, _ place: Int) throws -> Float {
    if missing.fills, columns.table.isMissing(row, place) { return .nan }
    guard let number = columns.table.number(row, place) else {
      throw columns.table.error(
        row, place, name: columns.header.names[place], "'\(try columns.table.text(row, place))' is not a number",
        advice: "mend it: the column was one of numbers when the model was trained")
    }
    try columns.check(number, row, place)
    return Float(number)
  }
}

/// A data set in a CSV file.
public enum CSVDataset {
  /// The data set in a `.csv`, `.tsv` or `.csv.gz` file.
  ///
  /// - Parameter schema: what the columns mean, of a saved run; nil finds it out by the options.
  /// - Throws: ``DataError`` with file, line and column; `FormatError` when the file cannot be read.
  public static func load(
    _ path: String, options: CSVOptions = CSVOptions(), schema: TableSchema? = nil
  ) throws -> LoadedData {
    let table = try CSVTable(contentsOf: path, delimiter: schema.map(\.delimiter) ?? options.delimiter)
    return try load(table, name: path, options: options, schema: schema)
  }

  static func load(
    _ table: CSVTable, name: String, options: CSVOptions, schema: TableSchema?
  ) throws -> LoadedData {
    let used = try schema ?? TableSchema(table, options)
    return try LoadedData(name: name, train: try used.dataset(table, name: name), schema: used)
  }

  /// Whether a path is one of such a file.
  static func recognizes(_ path: String) -> Bool {
    let name = path.lowercased()
    return [".csv", ".csv.gz", ".tsv", ".tsv.gz"].contains { name.hasSuffix($0) }
  }
}
