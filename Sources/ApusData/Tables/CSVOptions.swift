/// How a CSV file becomes a data set: which columns, for what task, and what to do about gaps.
///
/// ```swift
/// var options = CSVOptions()
/// options.targets = ["price"]
/// options.missing = .median
/// let houses = try DataCatalog.load("houses.csv", csv: options)
/// ```
public struct CSVOptions: Codable, Sendable, Hashable {
  /// The columns to predict, by name or position from 1; empty takes the last column.
  public var targets: [String] = []
  /// The columns to predict from, by name or position; empty takes all others.
  public var columns: [String] = []
  /// Columns to leave out, by name or position.
  public var ignored: [String] = []
  /// Columns whose numbers are names of categories, such as postcodes, by name or position.
  public var categories: [String] = []
  /// What the targets are; nil decides by ``TargetKind/usual(for:)``.
  public var kind: TargetKind?
  /// What to do about missing values.
  public var missing = MissingPolicy.refuse
  /// The character between fields; nil finds it in the first line: comma, semicolon, tab or bar.
  public var delimiter: CSVDelimiter?
  /// Whether the first line names the columns; nil decides: it does when no field of it is a number.
  public var hasHeader: Bool?
  /// The classes in their order; empty takes those of the file, sorted.
  public var classNames: [String] = []
  private enum CodingKeys: String, CodingKey {
    case targets, columns, ignored, categories, kind, missing, delimiter
    case hasHeader = "has_header"
    case classNames = "class_names"
  }

  /// The usual options: the last column from all others.
  public init() {}
}

/// What the targets of a data set are.
public enum TargetKind: String, Codable, Sendable, Hashable, CaseIterable {
  /// One of several classes, i32 labels.
  case classification
  /// Numbers, f32 `[N, outputs]`.
  case regression

  /// More different whole numbers than that are taken for quantities, not for labels.
  public static let labelLimit = 20

  /// What numbers without other hints are: labels when all are whole and at most 20 differ, otherwise quantities.
  public static func usual(for numbers: some Sequence<Double>) -> TargetKind {
    var different: Set<Double> = []
    for number in numbers {
      guard number == number.rounded() else { return .regression }
      different.insert(number)
      guard different.count <= labelLimit else { return .regression }
    }
    return .classification
  }
}

/// What to do about missing values: fields that are empty or one of ``CSVTable/missingMarks``.
///
/// Values to fill in are found on the training part only (``Imputation``). A missing category is no category: zeros. A
/// missing target is refused, or with ``drop`` its row left out.
public enum MissingPolicy: Codable, Sendable, Hashable, CustomStringConvertible {
  /// An error that names the first one.
  case refuse
  /// The row is left out.
  case drop
  /// The mean of the column.
  case mean
  /// The median of the column.
  case median
  /// A number, the same for every column.
  case constant(Double)

  /// The policy that a text names: `refuse`, `drop`, `mean`, `median` or a number.
  ///
  /// - Throws: ``DataError`` for other texts.
  public init(_ text: String) throws {
    switch text.lowercased() {
    case "refuse": self = .refuse
    case "drop": self = .drop
    case "mean": self = .mean
    case "median": self = .median
    default:
      guard let value = Double(text), Float(value).isFinite else {
        throw DataError(
          place: "--missing", problem: "cannot be '\(text)'", advice: "give refuse, drop, mean, median or a number")
      }
      self = .constant(value)
    }
  }

  /// The text that names it.
  public var description: String {
    switch self {
    case .refuse: "refuse"
    case .drop: "drop"
    case .mean: "mean"
    case .median: "median"
    case .constant(let value): "\(value)"
    }
  }

  /// Whether gaps are filled with values.
  public var fills: Bool { self != .refuse && self != .drop }

  /// Reads the text that names it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      try self.init(text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
    }
  }

  /// Writes the text that names it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// The character between the fields of a CSV file.
public struct CSVDelimiter: Codable, Sendable, Hashable {
  /// The character, one byte.
  public let character: String

  /// What files without a hint are searched for, the likeliest first.
  static let usual = [",", ";", "\t", "|"]

  /// The delimiter that a text names: a character, or `comma`, `semicolon`, `tab`, `bar` or `space`.
  ///
  /// - Throws: ``DataError`` when it is no punctuation mark, tab or space of ASCII.
  public init(_ text: String) throws {
    let names = ["comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " ", "\\t": "\t"]
    let character = names[text.lowercased()] ?? text
    let bytes = Array(character.utf8)
    // Signs, points and underscores are parts of numbers and names; quotes have a meaning of their own.
    guard bytes.count == 1, bytes[0] == 9 || (32..<127).contains(bytes[0]),
      !Character(character).isLetter, !Character(character).isNumber, !"\"+-._".contains(character)
    else {
      throw DataError(
        place: "--delimiter", problem: "cannot be '\(text)'",
        advice: "give one character such as ',' or ';', or comma, semicolon, tab, bar or space")
    }
    self.character = character
  }

  /// Reads the character.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      try self.init(text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
    }
  }

  /// Writes the character.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(character)
  }

  /// The byte between fields.
  var byte: UInt8 { character.utf8.first ?? UInt8(ascii: ",") }
}
