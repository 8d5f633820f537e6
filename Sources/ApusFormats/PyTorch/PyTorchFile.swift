import ApusTensor

/// A file of tensors that PyTorch's `torch.save` wrote (`.pth`, `.pt`, `.bin`, `.ckpt`), in the zip form or the older
/// one.
///
/// Such a file is a program in Python's pickle format. It is read without running anything: tensors, numbers, text and
/// containers are understood, and a file that asks for any other function or class is refused by its name. Tensors
/// inside containers are named by their path: `{"model": {"fc.weight": ...}}` holds `model.fc.weight`.
///
/// ```swift
/// let file = try PyTorchFile(contentsOf: "resnet18.pth")
/// let weight = try file.array("conv1.weight")
/// ```
public struct PyTorchFile: Sendable {
  /// The names of the tensors, in the order of the file.
  public let names: [String]
  /// Numbers and text beside the tensors, such as an epoch, as text.
  public let metadata: [String: String]
  private let cuts: [String: PyTorchPickle.Cut]
  private let blocks: [PyTorchPickle.Block]
  private let storages: [String: Storage]
  private let isBigEndian: Bool
  private let file: String

  /// Opens a file and reads its storages.
  ///
  /// - Throws: ``FormatError`` when the file is missing, damaged, or asks for more than tensors and containers.
  public init(contentsOf path: String) throws {
    let mapped = try FileBytes.map(path)
    let isZip = mapped.withBytes { $0.starts(with: [0x50, 0x4b, 0x03, 0x04]) }
    let content = try isZip ? PyTorchContent(archive: path) : PyTorchContent(legacy: mapped, file: path)
    var walk = PyTorchWalk(containers: content.containers, file: path)
    try walk.visit(content.root, path: "", depth: 0)
    names = walk.names
    metadata = walk.metadata
    cuts = walk.tensors.mapValues { content.pickle.cuts[$0] }
    blocks = content.pickle.blocks
    storages = content.storages
    isBigEndian = content.isBigEndian
    file = path
    for name in names {
      guard let cut = cuts[name] else { continue }
      let block = blocks[cut.block]
      let held = storages[block.key]?.byteCount ?? 0
      // Counts and offsets are below 2^57, so that nothing overflows.
      guard (block.offset + block.count) * block.element.byteCount <= held else {
        throw FormatError.corrupt(
          path, "the storage of '\(name.prefix(80))' holds \(held) bytes where its pickle says \(block.count) elements")
      }
    }
  }

  /// The shape and element type that a tensor will be read as, or nil when there is none of that name.
  public func type(of name: String) -> TensorType? { cuts[name].map { TensorType($0.shape, $0.element.dtype) } }

  /// A tensor's elements in row-major order; types are widened as ``SafeTensors/array(_:)`` does.
  ///
  /// - Throws: ``FormatError`` when there is no tensor of that name or its values cannot be held.
  public func array(_ name: String) throws -> HostArray {
    guard let cut = cuts[name], let storage = storages[blocks[cut.block].key] else {
      throw TensorFile.unknown(name, among: names, file: file)
    }
    let block = blocks[cut.block]
    let start = block.offset * block.element.byteCount + cut.offset * cut.element.byteCount
    let size = cut.element.byteCount
    let label = "\(file), the tensor '\(name.prefix(80))'"
    if cut.shape.elementCount == 0 || cut.isRowMajor {
      let offset = cut.shape.elementCount == 0 ? 0 : start
      return try cut.element.array(
        in: storage, offset: offset, shape: cut.shape, bigEndian: isBigEndian, alignment: size, file: label)
    }
    let gathered = Storage(byteCount: cut.shape.elementCount * size)
    StridedCopy.forEachOffset(shape: cut.shape, strides: cut.strides, offset: 0) { position, source in
      (gathered.pointer + position * size).copyMemory(
        from: storage.pointer + start + source * size, byteCount: size)
    }
    return try cut.element.array(
      in: gathered, offset: 0, shape: cut.shape, bigEndian: isBigEndian, alignment: size, file: label)
  }

  /// All tensors by name.
  ///
  /// - Throws: ``FormatError`` when the values of one cannot be held.
  public func arrays() throws -> [String: HostArray] {
    var result: [String: HostArray] = [:]
    for name in names { result[name] = try array(name) }
    return result
  }
}

extension PyTorchPickle.Cut {
  /// Whether the elements lie one after the other.
  fileprivate var isRowMajor: Bool {
    zip(zip(shape, strides), shape.rowMajorStrides).allSatisfy { $0.0 == 1 || $0.1 == $1 }
  }
}

/// The walk through the containers of a pickle that names the tensors by their paths.
private struct PyTorchWalk {
  let containers: [PickleContainer]
  let file: String
  var names: [String] = []
  var tensors: [String: Int] = [:]
  var metadata: [String: String] = [:]
  private var visited = 0

  init(containers: [PickleContainer], file: String) {
    self.containers = containers
    self.file = file
  }

  mutating func visit(_ value: PickleValue, path: String, depth: Int) throws {
    visited += 1
    // A container may lie in itself, or twice in one that lies twice in another.
    guard depth <= 32, visited <= 1 << 20, path.utf8.count < 4096 else {
      throw FormatError.corrupt(file, "its containers are nested without end")
    }
    switch value {
    case .made(let cut):
      let name = path.isEmpty ? "tensor" : path
      guard tensors.updateValue(cut, forKey: name) == nil else {
        throw FormatError.corrupt(file, "has two tensors called '\(name.prefix(80))'")
      }
      names.append(name)
    case .container(let place): try visit(containers[place], path, depth)
    case .bool(let value): metadata[path] = String(value)
    case .integer(let value): metadata[path] = String(value)
    case .float(let value): metadata[path] = String(value)
    case .text(let value): metadata[path] = value
    case .none, .wideInteger, .bytes, .global, .persistent: break
    }
  }

  private mutating func visit(_ container: PickleContainer, _ path: String, _ depth: Int) throws {
    func joined(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
    switch container {
    case .list(let values), .tuple(let values), .set(let values):
      for (position, value) in values.enumerated() {
        try visit(value, path: joined(String(position)), depth: depth + 1)
      }
    case .dictionary(let entries):
      // As in Python, the last of several entries with one key counts.
      var order: [String] = []
      var last: [String: PickleValue] = [:]
      for (key, value) in entries {
        guard let key = key.text ?? key.integer.map(String.init) else {
          throw FormatError.corrupt(file, "has a dictionary whose keys are neither text nor numbers")
        }
        if last.updateValue(value, forKey: key) == nil { order.append(key) }
      }
      for key in order {
        if let value = last[key] { try visit(value, path: joined(key), depth: depth + 1) }
      }
    }
  }
}
