import ApusFormats
import ApusTensor
import Foundation

extension ONNXTensorProto {
  /// The elements, and what they are called in the file.
  ///
  /// - Parameter folder: where tensors that lie in files of their own are.
  /// - Throws: ``OperatorError`` or ``FormatError`` when data and shape do not agree or the type is not read.
  func array(file: String, folder: String) throws -> (array: HostArray, element: ONNXElement) {
    let (element, disk) = try ONNXElement.readable(dataType)
    let label = "\(file), the tensor '\(name.prefix(80))'"
    let extents = try dims.map { extent in
      guard let extent = Int(exactly: extent) else { throw OperatorError("the extent \(extent) is too large") }
      return extent
    }
    let (shape, byteCount) = try ClaimedShape.check(extents, element: disk, file: label)
    if dataLocation == .external {
      return (try external(byteCount, disk, shape, folder, label), element)
    }
    let bytes = rawData.isEmpty ? typedBytes(element) : rawData
    guard bytes.count == byteCount else {
      throw FormatError(
        file: label, problem: "holds \(bytes.count) bytes of data where \(element) \(shape) needs \(byteCount)",
        advice: "the file is damaged: get it again")
    }
    let storage = Storage(byteCount: byteCount)
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: storage.pointer, count: byteCount).copyMemory(from: source)
    }
    let array = try disk.array(in: storage, offset: 0, shape: shape, alignment: 1, file: label)
    return (array, element)
  }

  /// The typed fields as bytes of the element type.
  private func typedBytes(_ element: ONNXElement) -> Data {
    func narrow<Bits: FixedWidthInteger>(_: Bits.Type) -> Data {
      var data = Data(capacity: int32Data.count * MemoryLayout<Bits>.size)
      for value in int32Data { withUnsafeBytes(of: Bits(truncatingIfNeeded: value).littleEndian) { data += $0 } }
      return data
    }
    func plain<Value>(_ values: [Value]) -> Data { values.withUnsafeBytes { Data($0) } }
    switch element {
    case .float32: return plain(floatData)
    case .float64: return plain(doubleData)
    case .int64: return plain(int64Data)
    case .uint64: return plain(uint64Data)
    case .uint32: return plain(uint64Data.map { UInt32(truncatingIfNeeded: $0) })
    case .int32: return plain(int32Data)
    case .int16, .uint16, .float16, .bfloat16: return narrow(UInt16.self)
    default: return narrow(UInt8.self)
    }
  }

  /// The elements in another file, which must lie in the folder of this one.
  private func external(
    _ byteCount: Int, _ disk: DiskElement, _ shape: Shape, _ folder: String, _ label: String
  ) throws -> HostArray {
    let entries = Dictionary(externalData.map { ($0.key, $0.value) }) { first, _ in first }
    guard let location = entries["location"], !location.isEmpty, !location.hasPrefix("/"),
      !location.split(separator: "/").contains("..")
    else { throw OperatorError("its data lies in '\(entries["location"] ?? "")', not in a file beside this one") }
    let file = try FileBytes.map(folder + "/" + location)
    guard let offset = Int(entries["offset"] ?? "0"), let length = Int(entries["length"] ?? "\(byteCount)"),
      offset >= 0, length == byteCount, offset <= file.byteCount, length <= file.byteCount - offset
    else {
      throw FormatError(
        file: label, problem: "its data lies outside '\(location)' or has another size than its shape",
        advice: "get both files again")
    }
    return try disk.array(
      in: file, offset: offset, shape: shape, alignment: disk.byteCount, file: label)
  }
}
