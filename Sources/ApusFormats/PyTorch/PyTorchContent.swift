import ApusTensor

/// What a file of PyTorch holds before tensors get names: the object that was saved, and its storages.
struct PyTorchContent {
  var root: PickleValue
  var containers: [PickleContainer]
  var pickle: PyTorchPickle
  var storages: [String: Storage] = [:]
  var isBigEndian = false

  /// The zip form: `NAME/data.pkl`, `NAME/data/KEY` for each storage, `NAME/byteorder`.
  ///
  /// - Throws: ``FormatError`` when it is damaged or asks for more than data.
  init(archive path: String) throws {
    let archive = try ZipReader(path)
    let members = try archive.members()
    guard let program = members.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }) else {
      throw FormatError(
        file: path, problem: "is a zip archive without data.pkl, so torch.save did not write it",
        advice: "for arrays of numpy call it .npz")
    }
    let folder = String(program.name.dropLast("data.pkl".count))
    let byName = Dictionary(members.map { ($0.name, $0) }) { first, _ in first }
    let text = try archive.read(program)
    var host = PyTorchPickle(file: path, isLegacy: false)
    (root, containers) = try text.withBytes { bytes in
      var reader = PickleReader(bytes, from: 0, file: path)
      let root = try reader.read(&host)
      return (root, reader.containers)
    }
    pickle = host
    if let order = byName[folder + "byteorder"], order.size < 16 {
      isBigEndian = try archive.read(order).withBytes { $0.elementsEqual("big".utf8) }
    }
    for block in pickle.blocks where storages[block.key] == nil {
      guard let member = byName[folder + "data/" + block.key] else {
        throw FormatError.corrupt(path, "lacks the storage '\(block.key.prefix(40))' that its pickle names")
      }
      storages[block.key] = try archive.read(member)
    }
  }

  /// The form of PyTorch before 1.6: five pickles, then each storage as a count and its elements.
  ///
  /// - Throws: ``FormatError`` when it is damaged or asks for more than data.
  init(legacy storage: Storage, file: String) throws {
    self = try storage.withBytes { try Self.readLegacy($0, of: storage, file) }
  }

  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

  private static func readLegacy(
    _ bytes: UnsafeRawBufferPointer, of storage: Storage, _ file: String
  ) throws -> PyTorchContent {
    guard bytes.count >= 2, bytes[0] == 0x80 else {
      throw FormatError.corrupt(file, bytes.isEmpty ? "is empty" : "is not a file of torch.save")
    }
    var host = PyTorchPickle(file: file, isLegacy: true)
    var reader = PickleReader(bytes, from: 0, file: file)
    guard case .wideInteger(let number) = try reader.read(&host), number == magic else {
      throw FormatError.corrupt(file, "is a pickle, but not one of torch.save")
    }
    guard try reader.read(&host).integer == 1001 else {
      throw FormatError.corrupt(file, "is of an unknown version of the legacy form")
    }
    let system = try reader.read(&host)
    let root = try reader.read(&host)
    let list = try reader.read(&host)
    guard let keys = reader.elements(list)?.map(\.text) else {
      throw FormatError.corrupt(file, "lacks the list of its storages")
    }
    var result = PyTorchContent(
      root: root, containers: reader.containers, pickle: host, isBigEndian: isBigEndian(system, reader.containers))
    let sizes = Dictionary(host.blocks.map { ($0.key, $0.element.byteCount) }) { first, _ in first }
    var position = reader.position
    for key in keys {
      guard let key, let size = sizes[key], result.storages[key] == nil else {
        throw FormatError.corrupt(file, "lists a storage that no tensor uses, or one twice")
      }
      guard bytes.count - position >= 8 else { throw FormatError.corrupt(file, "ends before its storages") }
      let count = Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int64.self)))
      position += 8
      guard count >= 0, count <= (bytes.count - position) / size else {
        throw FormatError.corrupt(file, "ends inside the storage '\(key.prefix(40))', which claims \(count) elements")
      }
      result.storages[key] = storage.slice(offset: position, byteCount: count * size)
      position += count * size
    }
    guard position == bytes.count else {
      throw FormatError.corrupt(file, "holds \(bytes.count - position) bytes that belong to no storage")
    }
    return result
  }

  private static func isBigEndian(_ system: PickleValue, _ containers: [PickleContainer]) -> Bool {
    guard case .container(let place) = system, case .dictionary(let entries) = containers[place] else { return false }
    return entries.contains {
      if case .bool(false) = $0.value { $0.key.text == "little_endian" } else { false }
    }
  }

  private init(root: PickleValue, containers: [PickleContainer], pickle: PyTorchPickle, isBigEndian: Bool) {
    (self.root, self.containers, self.pickle, self.isBigEndian) = (root, containers, pickle, isBigEndian)
  }
}
