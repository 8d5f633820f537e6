import ApusFormats

/// What the columns of a table mean: how its rows become inputs and targets.
///
/// It is found on the file that a network is trained on and saved with the run, so that later files are read the same
/// way: columns are found by their names (by position in files without a header), columns it does not know are left
/// out, and a category that training never saw becomes zeros.
public struct TableSchema: Codable, Sendable, Hashable {
  /// A column to predict from.
  public struct Feature: Codable, Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its position in the first file, from 0.
    public let position: Int
    /// The texts of a column of categories, one input for each; nil for a column of numbers.
    public let categories: [String]?

    /// How many inputs it makes.
    public var width: Int { categories?.count ?? 1 }
  }

  /// A column to predict.
  public struct Target: Codable, Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its position in the first file, from 0.
    public let position: Int
  }

  /// The columns to predict from, in the order of the inputs.
  public let features: [Feature]
  /// The columns to predict, in the order of the targets.
  public let targets: [Target]
  /// The classes; empty for regression.
  public let classNames: [String]
  /// Whether the classes were numbers in the file, so that 1 and 1.0 are the same class.
  public let hasNumericClasses: Bool
  /// What is done about missing values.
  public let missing: MissingPolicy
  /// The character between fields, if it was given.
  public let delimiter: CSVDelimiter?
  /// Whether the first line names the columns.
  public let hasHeader: Bool
  /// The number of columns of the first file.
  public let width: Int
  private enum CodingKeys: String, CodingKey {
    case features, targets, missing, delimiter, width
    case classNames = "class_names"
    case hasNumericClasses = "has_numeric_classes"
    case hasHeader = "has_header"
  }

  /// More categories of a column, or classes, than any table of use has; guards against columns of free text.
  static let categoryLimit = 1000

  /// The names of the inputs: those of columns of numbers, and `column=category`.
  public var inputNames: [String] {
    features.flatMap { feature in feature.categories?.map { "\(feature.name)=\($0)" } ?? [feature.name] }
  }

  /// Finds out what the columns of a table mean.
  ///
  /// - Throws: ``DataError`` when an option names no column, a value is missing and must not be, or a column is neither
  ///   of numbers nor of categories.
  public init(_ table: CSVTable, _ options: CSVOptions = CSVOptions()) throws {
    try self.init(table, options, needsInputs: true)
  }

  /// - Parameter needsInputs: whether there must be a column besides the targets; a series is predicted from itself.
  init(_ table: CSVTable, _ options: CSVOptions, needsInputs: Bool) throws {
    let header = try TableHeader(table, hasHeader: options.hasHeader)
    let roles = try Self.roles(header, options, needsInputs: needsInputs)
    targets = roles.targets.map { Target(name: header.names[$0], position: $0) }
    missing = options.missing
    delimiter = options.delimiter
    hasHeader = header.isInFile
    width = table.width
    let rows = try Self.rows(table, header, roles.features, roles.targets, missing)
    guard !rows.isEmpty else {
      throw DataError(
        place: table.file, problem: "holds no rows of values", advice: "give at least one row without missing values")
    }
    let columns = TableColumns(table: table, header: header, rows: rows)
    features = try roles.features.map { position in
      let isForced = roles.categories.contains(position)
      return Feature(
        name: header.names[position], position: position,
        categories: try columns.categories(position, isForced: isForced, purpose: .feature))
    }
    (classNames, hasNumericClasses) = try columns.classes(roles.targets, options)
  }

  /// Which columns are used for what.
  private static func roles(
    _ header: TableHeader, _ options: CSVOptions, needsInputs: Bool
  ) throws -> (features: [Int], targets: [Int], categories: [Int]) {
    let targets =
      options.targets.isEmpty ? [header.names.count - 1] : try header.positions(options.targets, "a target")
    let ignored = try header.positions(options.ignored, "left out")
    let chosen =
      options.columns.isEmpty ? nil : try header.positions(options.columns, "an input")
    let features = chosen ?? header.names.indices.filter { !targets.contains($0) && !ignored.contains($0) }
    for (list, purpose) in [(ignored, "left out"), (features, "an input")] {
      if let both = list.first(where: { targets.contains($0) }) {
        throw DataError(
          place: header.file, problem: "the column '\(header.names[both])' is both the target and \(purpose)",
          advice: "choose another target or other columns")
      }
    }
    if let both = ignored.first(where: { chosen?.contains($0) ?? false }) {
      throw DataError(
        place: header.file, problem: "the column '\(header.names[both])' is both an input and left out",
        advice: "name it once")
    }
    guard !features.isEmpty || !needsInputs else {
      throw DataError(
        place: header.file, problem: "has no column left to predict from",
        advice: "check the delimiter, and the columns that are named")
    }
    let categories = try header.positions(options.categories, "a category")
    if let other = categories.first(where: { !features.contains($0) }) {
      throw DataError(
        place: header.file, problem: "the column '\(header.names[other])' is to be a category but is no input",
        advice: "add it to the columns")
    }
    return (features, targets, categories)
  }

  /// The rows that are used.
  ///
  /// - Throws: ``DataError`` when a value is missing that must not be.
  static func rows(
    _ table: CSVTable, _ header: TableHeader, _ features: [Int], _ targets: [Int], _ missing: MissingPolicy
  ) throws -> [Int] {
    try (header.firstRow..<max(table.rowCount, header.firstRow)).filter { row in
      if let gap = targets.first(where: { table.isMissing(row, $0) }) {
        guard missing != .drop else { return false }
        throw table.error(
          row, gap, name: header.names[gap], "the target is missing", advice: "add it, or leave such rows out (drop)")
      }
      guard !missing.fills, let gap = features.first(where: { table.isMissing(row, $0) }) else { return true }
      guard missing == .refuse else { return false }
      throw table.error(
        row, gap, name: header.names[gap], "the value is missing",
        advice: "choose what to do about missing values: drop, mean, median or a number")
    }
  }
}

/// Some rows of a table, seen column by column.
struct TableColumns {
  enum Purpose {
    case feature, target
  }

  let table: CSVTable
  let header: TableHeader
  let rows: [Int]

  /// The sorted texts of a column of categories; nil for a column of numbers.
  func categories(_ column: Int, isForced: Bool, purpose: Purpose) throws -> [String]? {
    var texts: Set<String> = []
    var firstText: Int?
    var numbers = 0
    for row in rows where !table.isMissing(row, column) {
      if let number = table.number(row, column) {
        numbers += 1
        try check(number, row, column)
      } else if firstText == nil {
        firstText = row
      }
    }
    if firstText == nil, !isForced {
      guard numbers > 0 else {
        throw DataError(
          place: "\(table.file), column \(column + 1) ('\(header.names[column])')", problem: "has no values",
          advice: "leave the column out")
      }
      return nil
    }
    for row in rows where !table.isMissing(row, column) {
      texts.insert(try table.text(row, column))
      if let firstText, 2 * numbers > rows.count, texts.count > TargetKind.labelLimit {
        throw table.error(
          firstText, column, name: header.names[column],
          "'\(try table.text(firstText, column))' is not a number, as most of the column are",
          advice: "mend it (decimals have a point), or leave the column out")
      }
      guard texts.count <= TableSchema.categoryLimit else {
        throw DataError(
          place: "\(table.file), column \(column + 1) ('\(header.names[column])')",
          problem: "has more than \(TableSchema.categoryLimit) different texts, too many for categories",
          advice: purpose == .feature ? "leave the column out" : "choose another target")
      }
    }
    return texts.sorted()
  }

  /// The classes of the targets; empty for regression.
  func classes(_ targets: [Int], _ options: CSVOptions) throws -> (names: [String], areNumeric: Bool) {
    let column = targets[0]
    guard targets.count == 1, options.kind != .regression else {
      guard options.kind != .classification else {
        throw DataError(
          place: table.file, problem: "has \(targets.count) target columns, but classes are in one column",
          advice: "name one target, or choose regression")
      }
      for target in targets { try checkNumbers(target) }
      return ([], false)
    }
    let texts = try categories(column, isForced: false, purpose: .target)
    if let texts { return (try ordered(texts, options.classNames, column), false) }
    let numbers = rows.compactMap { table.number($0, column) }
    let kind = options.kind ?? (options.classNames.isEmpty ? TargetKind.usual(for: numbers) : .classification)
    guard kind == .classification else { return ([], false) }
    let different = Set(numbers).sorted()
    guard different.count <= TableSchema.categoryLimit else {
      throw DataError(
        place: "\(table.file), column \(column + 1) ('\(header.names[column])')",
        problem: "has \(different.count) different numbers, too many for classes", advice: "choose regression")
    }
    return (try ordered(different.map(Self.className), options.classNames, column), true)
  }

  /// A number as the name of a class: whole numbers without a point.
  static func className(_ number: Double) -> String { Int64(exactly: number).map { String($0) } ?? String(number) }

  private func ordered(_ found: [String], _ given: [String], _ column: Int) throws -> [String] {
    let place = "\(table.file), column \(column + 1) ('\(header.names[column])')"
    guard given.isEmpty else {
      if let other = found.first(where: { !given.contains($0) }) {
        throw DataError(
          place: place, problem: "holds the class '\(other)', which is not among the named ones",
          advice: "name every class")
      }
      return given
    }
    guard found.count > 1 else {
      throw DataError(
        place: place, problem: "holds one class only ('\(found.first ?? "")')",
        advice: "choose another target, or give samples of two classes at least")
    }
    return found
  }

  private func checkNumbers(_ column: Int) throws {
    for row in rows {
      guard let number = table.number(row, column) else {
        throw table.error(
          row, column, name: header.names[column], "'\(try table.text(row, column))' is not a number",
          advice: "regression needs numbers (decimals have a point): mend it or choose another target")
      }
      try check(number, row, column)
    }
  }

  func check(_ number: Double, _ row: Int, _ column: Int) throws {
    guard Float(number).isFinite else {
      throw table.error(
        row, column, name: header.names[column], "the number is too large for f32", advice: "scale the column down")
    }
  }
}
