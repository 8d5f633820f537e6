import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The fields of a CSV file, as text until a ``TableSchema`` says what they mean.
public struct CSVTable: Sendable {
  /// Where a field is in the bytes of the file.
  struct Field: Sendable {
    private let place: UInt32
    private let size: UInt32

    init(start: Int, count: Int, isQuoted: Bool, isEscaped: Bool) {
      place = UInt32(start)
      size = UInt32(count) | (isQuoted ? 1 << 31 : 0) | (isEscaped ? 1 << 30 : 0)
    }

    var start: Int { Int(place) }
    var count: Int { Int(size & 0x3fff_ffff) }
    var isQuoted: Bool { size >> 31 == 1 }
    /// Whether quotes in it are doubled.
    var isEscaped: Bool { size >> 30 & 1 == 1 }
  }

  /// Fields that stand for a missing value, beside empty ones.
  public static let missingMarks: Set<String> = [
    "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "?",
  ]

  /// The file's name.
  public let file: String
  /// The character between fields.
  public let delimiter: CSVDelimiter
  /// The number of columns.
  public let width: Int
  private let bytes: [UInt8]
  private let fields: [Field]
  private let lines: [UInt32]

  init(
    file: String, bytes: [UInt8], delimiter: CSVDelimiter, fields: [Field], lines: [UInt32], width: Int
  ) {
    self.file = file
    self.bytes = bytes
    self.delimiter = delimiter
    self.fields = fields
    self.lines = lines
    self.width = width
  }

  /// Reads a file, plain or compressed by gzip.
  ///
  /// - Throws: ``DataError`` with file, line and column when it is no CSV file; `FormatError` when it cannot be read.
  public init(contentsOf path: String, delimiter: CSVDelimiter? = nil) throws {
    let content: [UInt8]
    if path.lowercased().hasSuffix(".gz") {
      content = try GzipFile.decompress(contentsOf: path, limit: CSVParser.byteLimit)
    } else {
      let storage = try FileBytes.map(path)
      guard storage.byteCount <= CSVParser.byteLimit else { throw CSVParser.tooLarge(path) }
      content = storage.withBytes { [UInt8]($0) }
    }
    self = try CSVParser.parse(content, file: path, delimiter: delimiter)
  }

  /// The number of rows, a header among them.
  var rowCount: Int { lines.count }

  /// The line in which a row begins, from 1.
  func line(_ row: Int) -> Int { Int(lines[row]) }

  /// Whether a field is empty or one of ``missingMarks``.
  func isMissing(_ row: Int, _ column: Int) -> Bool {
    let range = trimmed(fields[row * width + column])
    if range.isEmpty { return true }
    guard range.count <= 4 else { return false }
    return Self.missingMarks.contains(String(decoding: bytes[range], as: UTF8.self))
  }

  /// The number in a field; nil when it is none. Decimal, with a point; infinite when it is too large.
  func number(_ row: Int, _ column: Int) -> Double? {
    let range = trimmed(fields[row * width + column])
    guard !range.isEmpty else { return nil }
    for index in range {
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        break
      default: return nil
      }
    }
    // The byte that follows a field ends the number: a space, a delimiter, a quote or the line's end.
    return bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return (base + range.lowerBound).withMemoryRebound(to: CChar.self, capacity: range.count + 1) { text in
        var end: UnsafeMutablePointer<CChar>?
        let value = strtod(text, &end)
        return end.map { UnsafePointer($0) } == text + range.count ? value : nil
      }
    }
  }

  /// The text of a field, without spaces around it.
  ///
  /// - Throws: ``DataError`` when it is not UTF-8.
  func text(_ row: Int, _ column: Int) throws -> String {
    let field = fields[row * width + column]
    guard let text = String(validating: bytes[trimmed(field)], as: UTF8.self) else {
      throw error(row, column, "is not text in UTF-8", advice: "save the file as UTF-8")
    }
    guard field.isEscaped else { return text }
    var result = ""
    var isSecond = false
    for character in text.unicodeScalars {
      isSecond = character == "\"" && !isSecond
      if !isSecond { result.unicodeScalars.append(character) }
    }
    return result
  }

  /// An error about a field.
  func error(_ row: Int, _ column: Int, name: String? = nil, _ problem: String, advice: String) -> DataError {
    let called = name.map { " ('\($0)')" } ?? ""
    return DataError(
      place: "\(file), line \(line(row)), column \(column + 1)\(called)", problem: problem, advice: advice)
  }

  private func trimmed(_ field: Field) -> Range<Int> {
    var (start, end) = (field.start, field.start + field.count)
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
    while start < end, isSpace(bytes[start]) { start += 1 }
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    return start..<end
  }
}
