import ApusTensor

/// The array files of numpy (`.npy`, versions 1.0 to 3.0).
///
/// Element types f4, f8, i4, i8, u1 and b1 are read as they are; f2, i1, i2, u2 and u4 become the next wider type that
/// holds every value, u8 becomes i64 when its values fit. Either byte order and either order of axes is read; row-major
/// little-endian is written.
public enum NPY {
  /// The array in a file.
  ///
  /// - Throws: ``FormatError`` when the file is missing, damaged or of an element type that cannot be read.
  public static func read(from path: String) throws -> HostArray {
    try decode(try FileBytes.read(path), file: path)
  }

  /// Writes an array to a file, atomically; the bytes are those numpy writes.
  ///
  /// - Throws: ``FormatError`` when the file cannot be written.
  public static func write(_ array: HostArray, to path: String) throws {
    try AtomicFile.write(to: path) { writer in
      try writer.write(NPYHeader.bytes(for: array.type))
      try array.withUnsafeBytes { try writer.write($0) }
    }
  }

  /// The array in the bytes of a `.npy` file, sharing their memory where possible.
  ///
  /// - Throws: ``FormatError`` when the bytes are damaged or of an element type that cannot be read.
  package static func decode(_ storage: Storage, file: String) throws -> HostArray {
    try storage.withBytes { try decode($0, of: storage, file: file) }
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer, of storage: Storage, file: String) throws -> HostArray {
    guard bytes.count >= 10, bytes.starts(with: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) else {
      throw FormatError.corrupt(file, bytes.isEmpty ? "is empty" : "is not a .npy file")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else {
      throw FormatError(
        file: file, problem: "is of .npy version \(version), which is not known", advice: "save it with version 1 to 3")
    }
    let start = version == 1 ? 10 : 12
    guard bytes.count >= start else { throw FormatError.corrupt(file, "ends inside its header") }
    let length =
      version == 1
      ? Int(bytes[8]) | Int(bytes[9]) << 8
      : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    guard length <= bytes.count - start else { throw FormatError.corrupt(file, "ends inside its header") }
    let body = start + length
    let header = try NPYHeader(parsing: UnsafeRawBufferPointer(rebasing: bytes[start..<body]), file: file)
    let (shape, expected) = try ClaimedShape.check(header.extents, element: header.element, file: file)
    guard expected == bytes.count - body else {
      throw FormatError.corrupt(
        file, "holds \(bytes.count - body) bytes of data where the shape \(shape) needs \(expected)")
    }
    // Rank 0 and 1 read the same in either order.
    let fortran = header.fortranOrder && shape.rank > 1
    let array = try header.element.array(
      in: storage, offset: body, shape: fortran ? Shape(shape.reversed()) : shape, bigEndian: header.bigEndian,
      alignment: 64, file: file)
    return fortran ? array.axesReversed() : array
  }
}

extension HostArray {
  /// The array with its axes in the opposite order, moved in memory accordingly.
  func axesReversed() -> HostArray {
    let target = TensorType(Shape(shape.reversed()), dtype)
    return HostArray(type: target) { output in
      withUnsafeBytes { source in
        switch dtype.byteCount {
        case 1: reverseAxes(UInt8.self, source, output)
        case 4: reverseAxes(UInt32.self, source, output)
        default: reverseAxes(UInt64.self, source, output)
        }
      }
    }
  }

  private func reverseAxes<Bits: FixedWidthInteger>(
    _: Bits.Type, _ source: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) {
    let size = MemoryLayout<Bits>.size
    let extents = Array(shape.reversed())
    let strides = Array(shape.rowMajorStrides.reversed())
    let count = shape.elementCount
    var index = [Int](repeating: 0, count: extents.count)
    var offset = 0
    for position in 0..<count {
      let element = source.loadUnaligned(fromByteOffset: offset * size, as: Bits.self)
      output.storeBytes(of: element, toByteOffset: position * size, as: Bits.self)
      var axis = extents.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < extents[axis] { break }
        offset -= strides[axis] * extents[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
