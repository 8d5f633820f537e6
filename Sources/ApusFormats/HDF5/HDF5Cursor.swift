/// Reads the numbers of an HDF5 file, each checked against the file's end.
struct HDF5Cursor {
  let bytes: UnsafeRawBufferPointer
  let file: String
  /// Where the next number is.
  var position: Int
  /// Where the part that is read ends, at most where the file does.
  private var limit: Int
  /// Bytes of an address and of a length; the file says how many.
  var addressSize = 8
  var lengthSize = 8

  init(_ bytes: UnsafeRawBufferPointer, at position: Int, file: String) {
    (self.bytes, self.position, self.file, limit) = (bytes, position, file, bytes.count)
  }

  /// The same file at another place.
  func at(_ position: Int) -> HDF5Cursor {
    var other = self
    other.position = position
    return other
  }

  /// The same place, but nothing is read from a later one on.
  func ending(at limit: Int) -> HDF5Cursor {
    var other = self
    other.limit = min(limit, bytes.count)
    return other
  }

  /// Skips bytes.
  mutating func skip(_ count: Int) throws { position = try end(count) }

  /// A number of up to eight bytes, the lowest first.
  mutating func number(_ count: Int) throws -> Int {
    let end = try end(count)
    var value: UInt64 = 0
    for (place, byte) in bytes[position..<end].enumerated() { value |= UInt64(byte) << (8 * UInt64(place)) }
    position = end
    return Int(truncatingIfNeeded: value)
  }

  /// An address; nil for the undefined one.
  mutating func address() throws -> Int? {
    let value = try number(addressSize)
    return value == (addressSize == 8 ? -1 : 1 << (8 * addressSize) - 1) ? nil : value
  }

  /// An address that must be there.
  mutating func defined() throws -> Int {
    guard let address = try address() else { throw corrupt("lacks a part of its structure") }
    return address
  }

  /// A length.
  mutating func length() throws -> Int { try number(lengthSize) }

  /// Whether these letters come next; they are skipped then.
  mutating func takes(_ letters: String) -> Bool {
    guard let end = try? end(letters.utf8.count), bytes[position..<end].elementsEqual(letters.utf8) else {
      return false
    }
    position = end
    return true
  }

  /// The letters up to a zero byte or to a limit.
  func text(limit: Int) throws -> String {
    guard position >= 0, position <= bytes.count else { throw outside }
    let rest = bytes[position..<min(bytes.count, position + max(min(limit, 1 << 16), 0))]
    return String(decoding: rest.prefix { $0 != 0 }, as: UTF8.self)
  }

  private func end(_ count: Int) throws -> Int {
    let (end, overflow) = position.addingReportingOverflow(count)
    guard count >= 0, position >= 0, !overflow, end <= limit else { throw outside }
    return end
  }

  private var outside: FormatError { corrupt("points outside itself, or is cut short") }

  func corrupt(_ problem: String) -> FormatError { FormatError.corrupt(file, problem) }
}
