import ApusTensor

/// The array files of MNIST and its relatives (IDX): plain, or compressed by gzip.
///
/// A file is two zero bytes, an element type, the number of axes, the big-endian 32-bit extents and the elements.
/// Element types: u8, f32, f64 and i32 as they are; i8 and i16 become i32.
public enum IDX {
  /// The array in a file; gzip is recognised by its first bytes, not by the file's name.
  ///
  /// - Throws: ``FormatError`` when the file is missing, damaged, cut short, or expands beyond what it says or can say.
  public static func read(from path: String) throws -> HostArray {
    try decode(try FileBytes.read(path), file: path)
  }

  /// The array in the bytes of a file.
  ///
  /// - Throws: ``FormatError`` as ``read(from:)`` does.
  package static func decode(_ storage: Storage, file: String) throws -> HostArray {
    try storage.withBytes { bytes in
      if InflateStream.recognizes(bytes) { return try inflate(storage, file) }
      return try decode(bytes, of: storage, file)
    }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, of storage: Storage, _ file: String
  ) throws -> HostArray {
    guard bytes.count >= 4 else {
      throw FormatError.corrupt(file, bytes.isEmpty ? "is empty" : "is not an IDX file")
    }
    let (element, axes) = try magic(Array(bytes[..<4]), file)
    guard bytes.count >= 4 + 4 * axes else { throw FormatError.corrupt(file, "ends inside its header") }
    let body = 4 + 4 * axes
    let (shape, expected) = try ClaimedShape.check(extents(Array(bytes[4..<body])), element: element, file: file)
    guard bytes.count - body == expected else {
      throw FormatError.corrupt(
        file, "holds \(bytes.count - body) bytes of data where the shape \(shape) needs \(expected)")
    }
    return try element.array(in: storage, offset: body, shape: shape, bigEndian: true, alignment: 64, file: file)
  }

  private static func inflate(_ storage: Storage, _ file: String) throws -> HostArray {
    let stream = try InflateStream(storage, file: file)
    func header(_ count: Int) throws -> [UInt8] {
      let part = try Expansion.read(count, file: file) { try stream.read(into: $0) }
      return part.withBytes { Array($0) }
    }
    let (element, axes) = try magic(try header(4), file)
    let (shape, expected) = try ClaimedShape.check(extents(try header(4 * axes)), element: element, file: file)
    try Expansion.check(claimed: expected, compressed: storage.byteCount, file: file)
    let body = try Expansion.read(expected, file: file) { try stream.read(into: $0) }
    var extra: UInt8 = 0
    guard try withUnsafeMutableBytes(of: &extra, { try stream.read(into: $0) }) == 0 else {
      throw FormatError.corrupt(file, "holds more data than the shape \(shape) needs")
    }
    return try element.array(in: body, offset: 0, shape: shape, bigEndian: true, alignment: 64, file: file)
  }

  private static func magic(_ bytes: [UInt8], _ file: String) throws -> (element: DiskElement, axes: Int) {
    let element: DiskElement? =
      switch bytes[2] {
      case 0x08: .uint8
      case 0x09: .int8
      case 0x0b: .int16
      case 0x0c: .int32
      case 0x0d: .float32
      case 0x0e: .float64
      default: nil
      }
    guard bytes[0] == 0, bytes[1] == 0, let element, bytes[3] <= Shape.maximumRank else {
      throw FormatError.corrupt(file, "is not an IDX file")
    }
    return (element, Int(bytes[3]))
  }

  private static func extents(_ bytes: [UInt8]) -> [Int] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    }
  }
}
