import ApusTensor

/// The functions and identifiers that pickles of PyTorch may use, and the tensors and storages they stand for.
struct PyTorchPickle: PickleHost {
  /// A block of elements that tensors are cut from.
  struct Block: Sendable {
    var key: String
    var element: DiskElement
    /// How many elements the pickle says there are.
    var count: Int
    /// Where it starts inside the storage `key`, in elements: the legacy form knows views of storages.
    var offset = 0
  }

  /// A tensor cut from a block.
  struct Cut: Sendable {
    var block: Int
    var element: DiskElement
    var offset: Int
    var shape: Shape
    var strides: [Int]
  }

  private(set) var blocks: [Block] = []
  private(set) var cuts: [Cut] = []
  private let file: String
  /// Whether identifiers have the legacy form's entry for views.
  private let isLegacy: Bool

  init(file: String, isLegacy: Bool) {
    self.file = file
    self.isLegacy = isLegacy
  }

  private static let storages: [String: DiskElement] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool, "UntypedStorage": .uint8,
  ]
  private static let types: [String: DiskElement] = [
    "float32": .float32, "float64": .float64, "float16": .float16, "bfloat16": .bfloat16, "int64": .int64,
    "int32": .int32, "int16": .int16, "int8": .int8, "uint8": .uint8, "bool": .bool, "uint16": .uint16,
    "uint32": .uint32, "uint64": .uint64, "float8_e4m3fn": .float8e4m3, "float8_e5m2": .float8e5m2,
  ]
  private static let calls: Set<String> = [
    "collections.OrderedDict", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_parameter", "torch.Size",
  ]

  func permits(_ function: String) -> Bool {
    Self.calls.contains(function) || Self.element(of: function) != nil || Self.type(of: function) != nil
  }

  private static func element(of function: String) -> DiskElement? {
    for module in ["torch.storage.", "torch.cuda.", "torch."] where function.hasPrefix(module) {
      return storages[String(function.dropFirst(module.count))]
    }
    return nil
  }

  private static func type(of function: String) -> DiskElement? {
    function.hasPrefix("torch.") ? types[String(function.dropFirst(6))] : nil
  }

  mutating func call(
    _ function: String, _ arguments: [PickleValue], in reader: inout PickleReader
  ) throws -> PickleValue {
    switch function {
    case "collections.OrderedDict":
      guard let first = arguments.first else { return reader.add(.dictionary([])) }
      guard arguments.count == 1, let entries = reader.elements(first) else { break }
      let pairs = try entries.map { entry in
        guard let pair = reader.elements(entry), pair.count == 2 else {
          throw reader.damaged("has a dictionary of other things than pairs")
        }
        return (key: pair[0], value: pair[1])
      }
      return reader.add(.dictionary(pairs))
    case "torch.Size":
      guard arguments.count == 1, let extents = reader.elements(arguments[0]) else { break }
      return reader.add(.tuple(extents))
    case "torch._utils._rebuild_parameter":
      guard let data = arguments.first, case .made = data else { break }
      return data
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
      return try rebuild(arguments, typed: function.hasSuffix("v3"), in: reader)
    default: throw PickleReader.refusal(of: function, in: file)
    }
    throw reader.damaged("calls '\(function)' with other arguments than PyTorch does")
  }

  /// `(storage, offset, shape, strides, ...)`, with the element type as the seventh in the third version.
  private mutating func rebuild(
    _ arguments: [PickleValue], typed: Bool, in reader: PickleReader
  ) throws -> PickleValue {
    guard arguments.count >= (typed ? 7 : 4), case .persistent(let block) = arguments[0],
      let offset = arguments[1].integer, let extents = reader.elements(arguments[2])?.map(\.integer),
      let strides = reader.elements(arguments[3])?.map(\.integer), extents.count == strides.count
    else { throw reader.damaged("describes a tensor that is none") }
    var element = blocks[block].element
    var count = blocks[block].count
    if typed {
      guard case .global(let name) = arguments[6], let type = Self.type(of: name) else {
        throw reader.damaged("describes a tensor of an element type that Apus does not read")
      }
      count = count * element.byteCount / type.byteCount
      element = type
    }
    let shape = try ClaimedShape.check(extents.map { $0 ?? -1 }, element: element, file: file).shape
    // Along an axis of one element the stride means nothing, and may be any number.
    let steps = zip(shape, strides).map { $0 > 1 ? $1 ?? -1 : 0 }
    var last = offset
    for (extent, stride) in zip(shape, steps) {
      let (reach, overflow) = max(extent - 1, 0).multipliedReportingOverflow(by: stride)
      let (next, beyond) = last.addingReportingOverflow(reach)
      guard stride >= 0, !overflow, !beyond else { throw reader.damaged("has a tensor with the strides \(steps)") }
      last = next
    }
    guard offset >= 0, offset <= count, shape.elementCount == 0 || last < count else {
      throw reader.damaged("has a tensor \(shape) at \(offset) that lies outside its storage of \(count) elements")
    }
    // A tensor may repeat elements, by a stride of 0; the file must not ask for memory out of proportion by it.
    guard shape.elementCount <= 1 << 20 || shape.elementCount / 64 <= count else {
      throw reader.damaged("repeats \(count) elements to a tensor \(shape)")
    }
    cuts.append(Cut(block: block, element: element, offset: offset, shape: shape, strides: steps))
    return .made(cuts.count - 1)
  }

  /// `('storage', type, key, device, count)`, and in the legacy form a view `(key, offset, count)` or nothing.
  mutating func resolve(_ identifier: PickleValue, in reader: inout PickleReader) throws -> PickleValue {
    guard let entries = reader.elements(identifier), entries.count >= 5, entries[0].text == "storage",
      case .global(let name) = entries[1], let key = entries[2].text, let count = entries[4].integer, count >= 0,
      count < 1 << 56
    else { throw reader.damaged("refers to something that is no storage of PyTorch") }
    guard let element = Self.element(of: name) else { throw PickleReader.refusal(of: name, in: file) }
    var block = Block(key: key, element: element, count: count)
    if isLegacy, entries.count > 5, let view = reader.elements(entries[5]) {
      guard view.count == 3, let offset = view[1].integer, let length = view[2].integer, offset >= 0, length >= 0,
        offset <= count, length <= count - offset
      else { throw reader.damaged("has a view outside its storage") }
      (block.offset, block.count) = (offset, length)
    }
    blocks.append(block)
    return .persistent(blocks.count - 1)
  }
}
