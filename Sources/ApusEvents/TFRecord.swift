/// Records of bytes one after another, each with checksums: the frame of event files.
///
/// A record is its length (8 bytes, little-endian), the masked CRC-32C of these 8 bytes, the data, and the masked CRC-32C
/// of the data.
enum TFRecord {
  /// A record's bytes.
  static func framed(_ data: [UInt8]) -> [UInt8] {
    let length = bytes(of: UInt64(data.count))
    return length + bytes(of: CRC32C.masked(length)) + data + bytes(of: CRC32C.masked(data))
  }

  /// The data of the records in a file, up to the first that is cut off or damaged, as a killed process may leave the
  /// last one.
  static func records(in file: UnsafeRawBufferPointer) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var rest = file[...]
    while rest.count >= 16 {
      let start = rest.startIndex
      let length = number(rest[start..<start + 8], as: UInt64.self)
      guard number(rest[start + 8..<start + 12], as: UInt32.self) == CRC32C.masked(rest[start..<start + 8]),
        length <= UInt64(rest.count - 16)
      else { break }
      let end = start + 12 + Int(length)
      let data = rest[start + 12..<end]
      guard number(rest[end..<end + 4], as: UInt32.self) == CRC32C.masked(data) else { break }
      found.append(Array(data))
      rest = rest[(end + 4)...]
    }
    return found
  }

  private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static func number<Number: FixedWidthInteger>(
    _ bytes: Slice<UnsafeRawBufferPointer>, as: Number.Type
  ) -> Number {
    bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
  }
}
