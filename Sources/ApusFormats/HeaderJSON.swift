/// A JSON value as headers of tensor files use it; objects keep their order.
enum HeaderJSON {
  case object([(key: String, value: HeaderJSON)])
  case array([HeaderJSON])
  case string(String)
  /// A non-negative integer.
  case integer(Int)
  /// Any other number, true, false or null: nothing that a header uses.
  case other

  /// Text as a JSON string, in quotes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{c}": result += "\\f"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A strict JSON reader for text from anywhere: bounded nesting, no duplicate keys, valid UTF-8 only.
struct HeaderJSONParser {
  /// What is wrong with the text.
  struct Failure: Error {
    var problem: String
  }

  private let text: UnsafeRawBufferPointer
  private var position = 0

  /// The value in a text.
  ///
  /// - Throws: ``Failure``.
  static func parse(_ text: UnsafeRawBufferPointer) throws(Failure) -> HeaderJSON {
    var parser = HeaderJSONParser(text: text)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == text.count else { throw parser.failure() }
    return value
  }

  private init(text: UnsafeRawBufferPointer) { self.text = text }

  private func failure(_ problem: String? = nil) -> Failure {
    Failure(problem: problem ?? "its header is not valid JSON at byte \(position)")
  }

  private mutating func skipSpace() {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  /// The next byte after white space, without consuming it; 0 at the end.
  private mutating func peek() -> UInt8 {
    skipSpace()
    return position < text.count ? text[position] : 0
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(Failure) -> HeaderJSON {
    guard depth < 16 else { throw failure("its header is nested too deeply") }
    switch peek() {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true")
    case UInt8(ascii: "f"): return try word("false")
    case UInt8(ascii: "n"): return try word("null")
    default: return try number()
    }
  }

  private mutating func object(_ depth: Int) throws(Failure) -> HeaderJSON {
    position += 1
    var members: [(key: String, value: HeaderJSON)] = []
    var seen: Set<String> = []
    if skip("}") { return .object([]) }
    repeat {
      guard peek() == UInt8(ascii: "\"") else { throw failure() }
      let key = try string()
      guard seen.insert(key).inserted else { throw failure("its header names '\(key.prefix(80))' twice") }
      guard skip(":") else { throw failure() }
      members.append((key, try value(depth: depth + 1)))
    } while skip(",")
    guard skip("}") else { throw failure() }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws(Failure) -> HeaderJSON {
    position += 1
    var elements: [HeaderJSON] = []
    if skip("]") { return .array([]) }
    repeat { elements.append(try value(depth: depth + 1)) } while skip(",")
    guard skip("]") else { throw failure() }
    return .array(elements)
  }

  private mutating func word(_ expected: StaticString) throws(Failure) -> HeaderJSON {
    let count = expected.utf8CodeUnitCount
    let matches = expected.withUTF8Buffer { text.dropFirst(position).starts(with: $0) }
    guard matches else { throw failure() }
    position += count
    return .other
  }

  private mutating func digits() -> Range<Int> {
    let start = position
    while position < text.count, (0x30...0x39).contains(text[position]) { position += 1 }
    return start..<position
  }

  private mutating func number() throws(Failure) -> HeaderJSON {
    let negative = skip("-")
    let whole = digits()
    guard !whole.isEmpty, whole.count == 1 || text[whole.lowerBound] != 0x30 else { throw failure() }
    var plain = !negative
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position += 1
      plain = false
      guard !digits().isEmpty else { throw failure() }
    }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      plain = false
      if position < text.count, [0x2b, 0x2d].contains(text[position]) { position += 1 }
      guard !digits().isEmpty else { throw failure() }
    }
    guard plain else { return .other }
    guard let value = Int(String(decoding: text[whole], as: UTF8.self)) else {
      throw failure("its header holds a number beyond 2^63")
    }
    return .integer(value)
  }

  private mutating func string() throws(Failure) -> String {
    position += 1
    var bytes: [UInt8] = []
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: bytes, as: UTF8.self) else {
          throw failure("its header is not valid UTF-8 before byte \(position)")
        }
        return result
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 0..<0x20: throw failure()
      default: bytes.append(byte)
      }
    }
    throw failure("its header ends inside a string")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(Failure) {
    guard position < text.count else { throw failure() }
    let code = text[position]
    position += 1
    switch code {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(code)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0c)
    case UInt8(ascii: "n"): bytes.append(0x0a)
    case UInt8(ascii: "r"): bytes.append(0x0d)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if (0xd800..<0xdc00).contains(value) {
        guard position + 1 < text.count, text[position] == 0x5c, text[position + 1] == UInt8(ascii: "u") else {
          throw failure()
        }
        position += 2
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw failure() }
        value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw failure() }
      bytes.append(contentsOf: String(Character(scalar)).utf8)
    default: throw failure()
    }
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    guard text.count - position >= 4 else { throw failure() }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(text[position])).hexDigitValue else { throw failure() }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
