/// Finds the fields in the bytes of a CSV file, strictly by RFC 4180.
///
/// Lines end with LF or CRLF; a field in double quotes may hold delimiters, line ends and, doubled, quotes; a byte order
/// mark and empty lines are skipped. What is not so is refused with its place, never guessed.
struct CSVParser {
  private let file: String
  private let bytes: [UInt8]
  private let delimiter: UInt8
  private var at: Int
  private var line = 1
  private var fields: [CSVTable.Field] = []
  private var lines: [UInt32] = []
  private var width = 0

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  /// The largest file, so that places fit 32 bits.
  static let byteLimit = 1 << 31
  private static let fieldLimit = 1 << 24
  private static let columnLimit = 1 << 16

  /// The fields of a file's content, all rows of the same width.
  ///
  /// - Throws: ``DataError`` with file, line and column when the content breaks a rule of the format.
  static func parse(_ bytes: [UInt8], file: String, delimiter: CSVDelimiter?) throws -> CSVTable {
    guard bytes.count <= byteLimit else { throw tooLarge(file) }
    let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
      throw DataError(place: file, problem: "is text in UTF-16", advice: "save it as UTF-8")
    }
    let used = delimiter ?? found(in: bytes[start...])
    var parser = CSVParser(file: file, bytes: bytes, delimiter: used.byte, at: start)
    try parser.run()
    guard !parser.lines.isEmpty else {
      throw DataError(place: file, problem: "holds no rows", advice: "give a file with a header and rows")
    }
    return CSVTable(
      file: file, bytes: parser.bytes, delimiter: used, fields: parser.fields, lines: parser.lines, width: parser.width)
  }

  static func tooLarge(_ file: String) -> DataError {
    DataError(place: file, problem: "is larger than 2 GiB", advice: "split it, or save the numbers as .npz")
  }

  private init(file: String, bytes: [UInt8], delimiter: UInt8, at start: Int) {
    self.file = file
    // A line end after the last byte ends every field before the end of the memory.
    self.bytes = bytes + [Self.newline]
    self.delimiter = delimiter
    at = start
  }

  /// The usual delimiter that is most frequent in the first line that is not empty.
  private static func found(in bytes: ArraySlice<UInt8>) -> CSVDelimiter {
    var counts = [Int](repeating: 0, count: CSVDelimiter.usual.count)
    let candidates = CSVDelimiter.usual.compactMap { try? CSVDelimiter($0) }
    var isQuoted = false
    for byte in bytes {
      if byte == quote { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == newline, counts.contains(where: { $0 > 0 }) { break }
      if let index = candidates.firstIndex(where: { $0.byte == byte }) { counts[index] += 1 }
    }
    let best = counts.indices.max { (counts[$0], $1) < (counts[$1], $0) } ?? 0
    return candidates[best]
  }

  private mutating func run() throws {
    let end = bytes.count - 1
    while at < end {
      if bytes[at] == Self.newline || (bytes[at] == Self.carriageReturn && bytes[at + 1] == Self.newline) {
        at += bytes[at] == Self.newline ? 1 : 2
        line += 1
        continue
      }
      try row()
    }
  }

  private mutating func row() throws {
    let first = line
    var count = 0
    while true {
      count += 1
      guard count <= Self.columnLimit else {
        throw DataError(
          place: "\(file), line \(first)", problem: "has more than \(Self.columnLimit) columns",
          advice: "check the delimiter, or save the numbers as .npz")
      }
      let field = try bytes[at] == Self.quote ? quoted(first, count) : plain(first, count)
      fields.append(field)
      if bytes[at] == delimiter {
        at += 1
        continue
      }
      if bytes[at] == Self.carriageReturn { at += 1 }
      at += 1
      line += 1
      break
    }
    if width == 0 { width = count }
    guard count == width else {
      throw DataError(
        place: "\(file), line \(first)", problem: "has \(count) fields, the first row \(width)",
        advice: "give every row the same number of fields")
    }
    lines.append(UInt32(first))
  }

  private mutating func plain(_ line: Int, _ column: Int) throws -> CSVTable.Field {
    let start = at
    while bytes[at] != delimiter, bytes[at] != Self.newline {
      let byte = bytes[at]
      if byte == Self.carriageReturn {
        if bytes[at + 1] == Self.newline { break }
        throw error("holds a carriage return without a line feed", line, column, advice: "end lines with LF or CRLF")
      }
      if byte == Self.quote {
        throw error(
          "has a quote in the middle", line, column, advice: "put the whole field in quotes and double the quotes in it"
        )
      }
      if byte == 0 { throw error("holds a zero byte", line, column, advice: "give a text file") }
      at += 1
    }
    return try field(start, at, isQuoted: false, isEscaped: false, line, column)
  }

  private mutating func quoted(_ line: Int, _ column: Int) throws -> CSVTable.Field {
    at += 1
    let start = at
    var isEscaped = false
    let end = bytes.count - 1
    while true {
      guard at < end else {
        throw error("begins with a quote that is not closed", line, column, advice: "close it")
      }
      let byte = bytes[at]
      if byte == Self.newline { self.line += 1 }
      if byte == 0 { throw error("holds a zero byte", line, column, advice: "give a text file") }
      at += 1
      guard byte == Self.quote else { continue }
      guard bytes[at] == Self.quote, at < end else { break }
      isEscaped = true
      at += 1
    }
    let field = try field(start, at - 1, isQuoted: true, isEscaped: isEscaped, line, column)
    let isEnd = bytes[at] == Self.carriageReturn && bytes[at + 1] == Self.newline
    guard bytes[at] == delimiter || bytes[at] == Self.newline || isEnd else {
      throw error(
        "goes on after its closing quote", self.line, column, advice: "double the quotes inside a quoted field")
    }
    return field
  }

  private func field(
    _ start: Int, _ end: Int, isQuoted: Bool, isEscaped: Bool, _ line: Int, _ column: Int
  ) throws -> CSVTable.Field {
    guard end - start < Self.fieldLimit else {
      throw error("is longer than 16 MiB", line, column, advice: "check its quotes")
    }
    return CSVTable.Field(start: start, count: end - start, isQuoted: isQuoted, isEscaped: isEscaped)
  }

  private func error(_ problem: String, _ line: Int, _ column: Int, advice: String) -> DataError {
    DataError(place: "\(file), line \(line), column \(column)", problem: "the field \(problem)", advice: advice)
  }
}
