import ApusTensor

/// A file of named tensors in the safetensors format, mapped into memory.
///
/// The file is an 8-byte little-endian header length, a JSON header and the tensors' bytes. Opening reads and checks
/// the header only: lengths, shapes and offsets agree with each other and with the file's size, without overlaps or
/// holes. Tensors are read when they are asked for.
public struct SafeTensors: Sendable {
  /// The free text entries of the header (`__metadata__`).
  public let metadata: [String: String]
  /// The names of the tensors, in the order of their bytes in the file.
  public let names: [String]
  private let entries: [String: Entry]
  private let storage: Storage
  private let file: String

  private struct Entry: Sendable {
    var element: DiskElement
    var shape: Shape
    var range: Range<Int>
  }

  /// Opens a file.
  ///
  /// - Parameter mapped: whether tensors share the mapped file (aligned to their element size) instead of a copy of the
  ///   whole file in memory.
  /// - Throws: ``FormatError`` when the file is missing, damaged or holds an element type that cannot be read.
  public init(contentsOf path: String, mapped: Bool = true) throws {
    try self.init(try mapped ? FileBytes.map(path) : FileBytes.read(path), file: path)
  }

  /// Reads the bytes of a file.
  ///
  /// - Throws: ``FormatError`` when they are damaged or hold an element type that cannot be read.
  package init(_ storage: Storage, file: String) throws {
    let (header, body) = try storage.withBytes { try Self.header($0, file) }
    guard case .object(let members) = header else { throw FormatError.corrupt(file, "its header is not an object") }
    var metadata: [String: String] = [:]
    var entries: [String: Entry] = [:]
    var order: [(name: String, range: Range<Int>)] = []
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(value, file)
      } else {
        let entry = try Self.entry(name, value, body, storage.byteCount, file)
        entries[name] = entry
        order.append((name, entry.range))
      }
    }
    // The header's order breaks ties, so that empty tensors keep it.
    order = order.enumerated().sorted {
      ($0.element.range.lowerBound, $0.element.range.upperBound, $0.offset)
        < ($1.element.range.lowerBound, $1.element.range.upperBound, $1.offset)
    }.map(\.element)
    var end = body
    for (name, range) in order {
      guard range.lowerBound == end else {
        let problem = range.lowerBound < end ? "overlaps another tensor" : "leaves a hole before it"
        throw FormatError.corrupt(file, "the tensor '\(name.prefix(80))' \(problem)")
      }
      end = range.upperBound
    }
    guard end == storage.byteCount else {
      throw FormatError.corrupt(file, "holds \(storage.byteCount - end) bytes that belong to no tensor")
    }
    self.metadata = metadata
    self.names = order.map(\.name)
    self.entries = entries
    self.storage = storage
    self.file = file
  }

  /// The shape and element type that a tensor will be read as, or nil when there is none of that name.
  public func type(of name: String) -> TensorType? {
    entries[name].map { TensorType($0.shape, $0.element.dtype) }
  }

  /// A tensor's elements.
  ///
  /// F32, F64, I32, I64, U8 and BOOL share the file's memory without a copy; BF16, F16, the eight-bit
  /// floats (F8_E4M3, F8_E5M2, F8_E8M0), I8, I16, U16 and U32 become the next wider type that holds every value, U64
  /// becomes i64 when its values fit.
  ///
  /// - Throws: ``FormatError`` when there is no tensor of that name or its values cannot be held.
  public func array(_ name: String) throws -> HostArray {
    guard let entry = entries[name] else {
      throw TensorFile.unknown(name, among: names, file: file)
    }
    return try entry.element.array(
      in: storage, offset: entry.range.lowerBound, shape: entry.shape, alignment: entry.element.byteCount,
      file: "\(file), tensor '\(name)'")
  }

  /// All tensors by name.
  ///
  /// - Throws: ``FormatError`` when the values of one cannot be held.
  public func arrays() throws -> [String: HostArray] {
    var result: [String: HostArray] = [:]
    for name in names { result[name] = try array(name) }
    return result
  }

  /// The header, and where the tensors' bytes begin.
  private static func header(_ bytes: UnsafeRawBufferPointer, _ file: String) throws -> (HeaderJSON, body: Int) {
    guard bytes.count >= 8 else {
      throw FormatError.corrupt(file, bytes.isEmpty ? "is empty" : "is too short for a safetensors file")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length >= 2, length <= UInt64(bytes.count - 8), length <= 100_000_000 else {
      throw FormatError.corrupt(file, "is not a safetensors file, or cut short (header of \(length) bytes)")
    }
    let body = 8 + Int(length)
    guard bytes[8] == UInt8(ascii: "{") else { throw FormatError.corrupt(file, "is not a safetensors file") }
    do {
      return (try HeaderJSONParser.parse(UnsafeRawBufferPointer(rebasing: bytes[8..<body])), body)
    } catch {
      throw FormatError.corrupt(file, error.problem)
    }
  }

  private static func metadata(_ value: HeaderJSON, _ file: String) throws -> [String: String] {
    guard case .object(let members) = value else { throw FormatError.corrupt(file, "its metadata is not an object") }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else {
        throw FormatError.corrupt(file, "its metadata entry '\(key.prefix(80))' is not text")
      }
      result[key] = text
    }
    return result
  }

  private static func entry(
    _ name: String, _ value: HeaderJSON, _ body: Int, _ size: Int, _ file: String
  ) throws -> Entry {
    let label = "the tensor '\(name.prefix(80))'"
    var dtype: String?
    var extents: [Int]?
    var offsets: [Int]?
    if case .object(let members) = value {
      for (key, value) in members {
        switch (key, value) {
        case ("dtype", .string(let text)): dtype = text
        case ("shape", .array(let values)): extents = integers(values)
        case ("data_offsets", .array(let values)): offsets = integers(values)
        default: throw FormatError.corrupt(file, "\(label) has the unexpected header entry '\(key.prefix(40))'")
        }
      }
    }
    guard let dtype, let extents, let offsets, offsets.count == 2 else {
      throw FormatError.corrupt(file, "\(label) lacks a valid dtype, shape or data_offsets")
    }
    guard let element = elements[dtype] else {
      throw FormatError(
        file: file, problem: "\(label) is of type \(dtype.prefix(40)), which Apus cannot read",
        advice: "save it as F32, F64, I32, I64, U8 or BOOL")
    }
    let (shape, expected) = try ClaimedShape.check(extents, element: element, file: "\(file), \(label)")
    guard offsets[0] <= offsets[1], offsets[1] <= size - body else {
      throw FormatError.corrupt(file, "\(label) lies at bytes \(offsets[0]) to \(offsets[1]), outside the file")
    }
    guard offsets[1] - offsets[0] == expected else {
      throw FormatError.corrupt(
        file, "\(label) has \(offsets[1] - offsets[0]) bytes where \(dtype) \(shape) needs \(expected)")
    }
    return Entry(element: element, shape: shape, range: body + offsets[0]..<body + offsets[1])
  }

  private static func integers(_ values: [HeaderJSON]) -> [Int]? {
    var result: [Int] = []
    for value in values {
      guard case .integer(let number) = value else { return nil }
      result.append(number)
    }
    return result
  }

  private static let elements: [String: DiskElement] = [
    "BOOL": .bool, "U8": .uint8, "I8": .int8, "U16": .uint16, "I16": .int16, "U32": .uint32, "I32": .int32,
    "U64": .uint64, "I64": .int64, "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
    "F8_E4M3": .float8e4m3, "F8_E5M2": .float8e5m2, "F8_E8M0": .float8e8m0,
  ]
}
