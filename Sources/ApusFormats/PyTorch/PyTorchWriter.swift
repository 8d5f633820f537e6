import ApusTensor

extension PyTorchFile {
  /// Writes named tensors as `torch.save` writes a `state_dict()`, in the zip form, atomically; the same content gives
  /// the same bytes, ordered by name.
  ///
  /// ```swift
  /// try PyTorchFile.write(arrays, to: "model.pth")   // torch.load("model.pth") gives an OrderedDict
  /// ```
  /// - Throws: ``FormatError`` when the file cannot be written.
  public static func write(_ tensors: [String: HostArray], to path: String) throws {
    let ordered = tensors.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
    var program = PickleProgram()
    program.ordered(ordered.enumerated().map { place, entry in (entry.key, entry.value.type, String(place)) })
    var members = [ZipMember(name: "archive/data.pkl", start: program.bytes)]
    members.append(ZipMember(name: "archive/byteorder", start: Array("little".utf8)))
    members += ordered.enumerated().map { place, entry in
      ZipMember(name: "archive/data/\(place)", start: [], array: entry.value)
    }
    members.append(ZipMember(name: "archive/version", start: Array("3\n".utf8)))
    try ZipWriter.write(members, to: path, compressed: false)
  }
}

/// A pickle in the making: the instructions, of version 2, that PyTorch's own reader permits.
private struct PickleProgram {
  private(set) var bytes: [UInt8] = [0x80, 2]

  /// An ordered dictionary of tensors, each alone in the storage `key`, and the end.
  mutating func ordered(_ tensors: [(name: String, type: TensorType, key: String)]) {
    emptyDictionary()
    bytes.append(UInt8(ascii: "("))
    for (name, type, key) in tensors {
      text(name)
      tensor(type, key)
    }
    bytes += [UInt8(ascii: "u"), UInt8(ascii: ".")]
  }

  private mutating func emptyDictionary() {
    global("collections", "OrderedDict")
    bytes += [UInt8(ascii: ")"), UInt8(ascii: "R")]
  }

  /// `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`
  private mutating func tensor(_ type: TensorType, _ key: String) {
    global("torch._utils", "_rebuild_tensor_v2")
    bytes += [UInt8(ascii: "("), UInt8(ascii: "(")]
    text("storage")
    global("torch", Self.storage(type.dtype))
    text(key)
    text("cpu")
    integer(type.shape.elementCount)
    bytes += [UInt8(ascii: "t"), UInt8(ascii: "Q")]
    integer(0)
    tuple(Array(type.shape))
    tuple(type.shape.rowMajorStrides)
    bytes.append(0x89)
    emptyDictionary()
    bytes += [UInt8(ascii: "t"), UInt8(ascii: "R")]
  }

  private mutating func global(_ module: String, _ name: String) {
    bytes += Array("c\(module)\n\(name)\n".utf8)
  }

  private mutating func text(_ text: String) {
    let content = Array(text.utf8)
    bytes.append(UInt8(ascii: "X"))
    withUnsafeBytes(of: UInt32(content.count).littleEndian) { bytes += $0 }
    bytes += content
  }

  private mutating func tuple(_ numbers: [Int]) {
    bytes.append(UInt8(ascii: "("))
    for number in numbers { integer(number) }
    bytes.append(UInt8(ascii: "t"))
  }

  private mutating func integer(_ number: Int) {
    if let small = Int32(exactly: number) {
      bytes.append(UInt8(ascii: "J"))
      withUnsafeBytes(of: small.littleEndian) { bytes += $0 }
    } else {
      bytes += [0x8a, 8]
      withUnsafeBytes(of: Int64(number).littleEndian) { bytes += $0 }
    }
  }

  private static func storage(_ dtype: DType) -> String {
    switch dtype {
    case .float32: "FloatStorage"
    case .float64: "DoubleStorage"
    case .int32: "IntStorage"
    case .int64: "LongStorage"
    case .uint8: "ByteStorage"
    case .bool: "BoolStorage"
    }
  }
}
