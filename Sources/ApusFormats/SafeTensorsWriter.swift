import ApusTensor

extension SafeTensors {
  /// Writes named tensors and text entries to a file, atomically.
  ///
  /// Tensors are ordered by element type (i64, f64, f32, i32, u8, bool: so all are aligned to their element size) and
  /// then by name, as the Python and Rust libraries order them: the same content always gives the same bytes.
  ///
  /// - Throws: ``FormatError`` when a tensor is called `__metadata__` or the file cannot be written.
  public static func write(
    _ tensors: [String: HostArray], metadata: [String: String] = [:], to path: String
  ) throws {
    guard tensors["__metadata__"] == nil else {
      throw FormatError(
        file: path, problem: "a tensor cannot be called __metadata__, the format reserves the name",
        advice: "rename the tensor")
    }
    let ordered = tensors.sorted { a, b in
      let (rankA, rankB) = (rank(a.value.dtype), rank(b.value.dtype))
      return rankA != rankB ? rankA < rankB : Array(a.key.utf8).lexicographicallyPrecedes(Array(b.key.utf8))
    }
    try AtomicFile.write(to: path) { writer in
      try writer.write(header(ordered.map { ($0.key, $0.value.type) }, metadata))
      for (_, array) in ordered { try array.withUnsafeBytes { try writer.write($0) } }
    }
  }

  /// Header length and header, padded with spaces so that the tensors begin at a multiple of 8.
  private static func header(_ tensors: [(name: String, type: TensorType)], _ metadata: [String: String]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let entries = metadata.sorted { $0.key < $1.key }.map {
        HeaderJSON.quoted($0.key) + ":" + HeaderJSON.quoted($0.value)
      }
      members.append("\"__metadata__\":{" + entries.joined(separator: ",") + "}")
    }
    var offset = 0
    for (name, type) in tensors {
      let end = offset + type.byteCount
      let shape = type.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(HeaderJSON.quoted(name)):{\"dtype\":\"\(code(type.dtype))\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array(("{" + members.joined(separator: ",") + "}").utf8)
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    return length + text
  }

  private static func code(_ dtype: DType) -> String {
    switch dtype {
    case .float32: "F32"
    case .float64: "F64"
    case .int32: "I32"
    case .int64: "I64"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The place of an element type in the file.
  private static func rank(_ dtype: DType) -> Int {
    switch dtype {
    case .int64: 0
    case .float64: 1
    case .float32: 2
    case .int32: 3
    case .uint8: 4
    case .bool: 5
    }
  }
}
