import ApusTensor

/// An element type as files store it; some have no ``DType`` of their own and are widened when read.
package enum DiskElement: Sendable {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, bfloat16, float32, float64
  case float8e4m3, float8e5m2, float8e8m0

  /// Bytes an element occupies in the file.
  package var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8, .float8e4m3, .float8e5m2, .float8e8m0: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// The element type it is read as: itself, or the next wider one that holds every value.
  package var dtype: DType {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .int8, .uint16, .int16, .int32: .int32
    case .uint32, .uint64, .int64: .int64
    case .float16, .bfloat16, .float32, .float8e4m3, .float8e5m2, .float8e8m0: .float32
    case .float64: .float64
    }
  }

  /// Whether the stored bits are those of ``dtype``.
  var isNative: Bool {
    switch self {
    case .bool, .uint8, .int32, .int64, .float32, .float64: true
    default: false
    }
  }
}

extension DiskElement {
  /// The array stored at `offset`, sharing the memory when its bits can be used as they are.
  ///
  /// The caller has checked that the storage holds all the bytes.
  ///
  /// - Parameters:
  ///   - alignment: how the bytes must be aligned to be shared instead of copied.
  ///   - bigEndian: whether the file's byte order is the other one.
  /// - Throws: ``FormatError`` for a truth value other than 0 and 1 and for integers that fit no type.
  package func array(
    in storage: Storage, offset: Int, shape: Shape, bigEndian: Bool = false, alignment: Int, file: String
  ) throws -> HostArray {
    let byteCount = shape.elementCount * self.byteCount
    precondition(offset >= 0 && offset <= storage.byteCount && byteCount <= storage.byteCount - offset)
    return try storage.withBytes { bytes in
      let source = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + byteCount])
      return try array(source, in: storage, offset, shape, bigEndian, alignment, file)
    }
  }

  private func array(
    _ source: UnsafeRawBufferPointer, in storage: Storage, _ offset: Int, _ shape: Shape, _ bigEndian: Bool,
    _ alignment: Int, _ file: String
  ) throws -> HostArray {
    if self == .bool, let bad = source.firstIndex(where: { $0 > 1 }) {
      throw FormatError.corrupt(file, "truth value \(bad) is \(source[bad]), neither 0 nor 1")
    }
    let type = TensorType(shape, dtype)
    let ordered = !bigEndian || self.byteCount == 1
    if isNative && ordered {
      if Int(bitPattern: storage.pointer + offset) % alignment == 0 {
        return HostArray(type: type, storage: storage.slice(offset: offset, byteCount: source.count))
      }
      return HostArray(type: type) { $0.copyMemory(from: source) }
    }
    let result = Storage(byteCount: type.byteCount)
    try convert(source, shape.elementCount, bigEndian, into: result.pointer, file: file)
    return HostArray(type: type, storage: result)
  }

  private func convert(
    _ source: UnsafeRawBufferPointer, _ count: Int, _ bigEndian: Bool, into target: UnsafeMutableRawPointer,
    file: String
  ) throws {
    func each<Bits: FixedWidthInteger, Value>(_: Bits.Type, _ body: (Bits) throws -> Value) rethrows {
      let values = target.assumingMemoryBound(to: Value.self)
      for index in 0..<count {
        let bits = source.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
        values[index] = try body(bigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
      }
    }
    switch self {
    case .bool, .uint8: each(UInt8.self) { $0 }
    case .int8: each(Int8.self) { Int32($0) }
    case .int16: each(Int16.self) { Int32($0) }
    case .uint16: each(UInt16.self) { Int32($0) }
    case .int32: each(Int32.self) { $0 }
    case .uint32: each(UInt32.self) { Int64($0) }
    case .int64: each(Int64.self) { $0 }
    case .float16: each(UInt16.self) { Self.single(half: $0) }
    case .bfloat16: each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .float8e4m3: each(UInt8.self) { Self.single(e4m3: $0) }
    case .float8e5m2: each(UInt8.self) { Self.single(half: UInt16($0) << 8) }
    case .float8e8m0:
      each(UInt8.self) { $0 == 0xff ? .nan : Float(sign: .plus, exponent: Int($0) - 127, significand: 1) }
    case .float32: each(UInt32.self) { Float(bitPattern: $0) }
    case .float64: each(UInt64.self) { Double(bitPattern: $0) }
    case .uint64:
      try each(UInt64.self) { bits in
        guard let value = Int64(exactly: bits) else {
          throw FormatError(
            file: file, problem: "holds the unsigned integer \(bits), which no element type of Apus can hold",
            advice: "save it as int64 or float64")
        }
        return value
      }
    }
  }

  /// The value of an eight-bit number of four exponent and three fraction bits, which has no infinity, exactly.
  static func single(e4m3 bits: UInt8) -> Float {
    let (exponent, fraction) = (Int(bits >> 3 & 0xf), Float(bits & 7))
    let magnitude: Float =
      bits & 0x7f == 0x7f
      ? .nan
      : exponent == 0
        ? fraction * 0x1p-9 : Float(sign: .plus, exponent: exponent - 7, significand: 1 + fraction / 8)
    return bits & 0x80 == 0 ? magnitude : -magnitude
  }

  /// The value of an IEEE 754 binary16 number, exactly.
  static func single(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1f
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

/// Checking shapes that files claim.
package enum ClaimedShape {
  /// The shape with these extents, once it is certain that no arithmetic on it overflows.
  ///
  /// - Returns: the shape and the bytes its elements take in the file.
  /// - Throws: ``FormatError`` for negative extents, more than ``Shape/maximumRank`` axes and sizes beyond 2^60.
  package static func check(
    _ extents: [Int], element: DiskElement, file: String
  ) throws -> (shape: Shape, byteCount: Int) {
    guard extents.count <= Shape.maximumRank else {
      throw FormatError(
        file: file, problem: "has \(extents.count) axes, more than the \(Shape.maximumRank) that tensors can have",
        advice: "reshape it before saving")
    }
    // Axes of extent 0 count as 1 here, so that the product of the others is bounded too.
    var product = 1
    for extent in extents {
      guard extent >= 0 else { throw FormatError.corrupt(file, "has the impossible extent \(extent)") }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, next < 1 << 56 else {
        throw FormatError.corrupt(file, "claims the impossible shape \(extents)")
      }
      product = next
    }
    let shape = Shape(extents)
    return (shape, shape.elementCount * element.byteCount)
  }
}
