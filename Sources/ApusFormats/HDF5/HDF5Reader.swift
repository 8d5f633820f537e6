import ApusTensor

/// Finds the arrays of an HDF5 file: follows its groups, in the old form (symbol tables) and the new one (links), and reads
/// where each dataset's elements lie.
///
/// Nothing is trusted: addresses, sizes and counts are checked against the file, each object is visited once, and groups are
/// followed to a fixed depth.
struct HDF5Reader {
  /// An array in the file.
  struct Dataset {
    var element: DiskElement
    var isBigEndian: Bool
    var shape: Shape
    /// Where the elements begin; nil when none were ever written, which means zeros.
    var offset: Int?
  }

  /// The arrays, by path, in the order of the file's groups.
  private(set) var datasets: [(path: String, dataset: Dataset)] = []
  private let base: HDF5Cursor
  private var origin = 0
  private var visited: Set<Int> = []
  private var claimed = 0

  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
  private static let mostObjects = 1 << 18

  init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    var cursor = HDF5Cursor(bytes, at: 0, file: file)
    // A user's block may stand before, of 512 bytes or twice, four times, ... as many.
    var start = 0
    while !bytes.dropFirst(start).starts(with: Self.signature) {
      start = start == 0 ? 512 : start * 2
      guard start < bytes.count, start <= 1 << 20 else {
        throw cursor.corrupt(bytes.isEmpty ? "is empty" : "is not an HDF5 file")
      }
    }
    cursor.position = start + 8
    let version = try cursor.number(1)
    let root: Int
    switch version {
    case 0, 1:
      try cursor.skip(4)
      try Self.readSizes(&cursor)
      try cursor.skip(version == 0 ? 9 : 13)
      origin = try cursor.defined()
      try cursor.skip(3 * cursor.addressSize)
      // The entry of the root: its name, its header.
      try cursor.skip(cursor.lengthSize)
      root = try cursor.defined()
    case 2, 3:
      try Self.readSizes(&cursor)
      try cursor.skip(1)
      origin = try cursor.defined()
      try cursor.skip(2 * cursor.addressSize)
      root = try cursor.defined()
    default:
      throw FormatError(
        file: file, problem: "is of HDF5 version \(version), which is not known", advice: "save it with version 0 to 3")
    }
    base = cursor
    try visit(root, path: "", depth: 0)
  }

  private static func readSizes(_ cursor: inout HDF5Cursor) throws {
    let (addresses, lengths) = (try cursor.number(1), try cursor.number(1))
    guard [2, 4, 8].contains(addresses), [2, 4, 8].contains(lengths) else {
      throw cursor.corrupt("has addresses of \(addresses) and lengths of \(lengths) bytes")
    }
    (cursor.addressSize, cursor.lengthSize) = (addresses, lengths)
  }

  private func at(_ address: Int) throws -> HDF5Cursor {
    let (position, overflow) = origin.addingReportingOverflow(address)
    guard !overflow, position >= 0, position < base.bytes.count else {
      throw base.corrupt("points outside itself, or is cut short")
    }
    return base.at(position)
  }

  // MARK: Objects

  private mutating func visit(_ address: Int, path: String, depth: Int) throws {
    guard depth <= 64 else { throw base.corrupt("nests its groups more than 64 deep") }
    // Groups and datasets may have several names; the first one counts, and a group inside itself ends here.
    guard visited.insert(address).inserted else { return }
    guard visited.count <= Self.mostObjects else { throw base.corrupt("has more than \(Self.mostObjects) objects") }
    let messages = try HDF5Messages(try at(address), origin: origin).list
    var dataset = HDF5DatasetParts()
    for message in messages {
      var cursor = message.content
      switch message.kind {
      case 0x01: try dataset.readShape(&cursor)
      case 0x03: try dataset.readType(cursor, isShared: message.isShared, path)
      case 0x08: try dataset.readLayout(&cursor, path)
      case 0x0b: dataset.isFiltered = true
      case 0x11:
        let (tree, heap) = (try cursor.defined(), try cursor.defined())
        try visitTable(tree, heap: try self.heap(heap), path: path, depth: depth, level: 0)
      case 0x06: try visitLink(&cursor, path: path, depth: depth)
      case 0x02: try checkLinks(&cursor, path)
      default: break
      }
    }
    if let found = try dataset.dataset(origin: origin, base, path) {
      claimed += found.shape.elementCount * found.element.byteCount
      guard claimed <= max(base.bytes.count, 1 << 16) * 4 else {
        throw base.corrupt("claims \(claimed) bytes of data, far more than it holds")
      }
      datasets.append((path.isEmpty ? "/" : path, found))
    }
  }

  private static func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : path + "/" + name }

  // MARK: Groups of the old form

  /// Where the names of a group begin, and how many bytes they have.
  private func heap(_ address: Int) throws -> (start: HDF5Cursor, size: Int) {
    var cursor = try at(address)
    guard cursor.takes("HEAP") else { throw cursor.corrupt("has a damaged heap of names") }
    try cursor.skip(4)
    let size = try cursor.length()
    try cursor.skip(cursor.lengthSize)
    return (try at(try cursor.defined()), size)
  }

  private mutating func visitTable(
    _ address: Int, heap: (start: HDF5Cursor, size: Int), path: String, depth: Int, level: Int
  ) throws {
    guard level < 16, visited.insert(~address).inserted else { throw base.corrupt("has a damaged list of names") }
    var cursor = try at(address)
    if cursor.takes("TREE") {
      let (kind, _) = (try cursor.number(1), try cursor.number(1))
      guard kind == 0 else { throw cursor.corrupt("has a damaged list of names") }
      let count = try cursor.number(2)
      try cursor.skip(2 * cursor.addressSize)
      for _ in 0..<count {
        try cursor.skip(cursor.lengthSize)
        try visitTable(try cursor.defined(), heap: heap, path: path, depth: depth, level: level + 1)
      }
      return
    }
    guard cursor.takes("SNOD") else { throw cursor.corrupt("has a damaged list of names") }
    try cursor.skip(2)
    for _ in 0..<(try cursor.number(2)) {
      let name = try cursor.length()
      let object = try cursor.address()
      let kind = try cursor.number(4)
      try cursor.skip(20)
      // A symbolic link names something that is listed elsewhere.
      guard kind != 2, let object else { continue }
      guard name >= 0, name < heap.size else { throw cursor.corrupt("has a name outside its heap of names") }
      let text = try heap.start.at(heap.start.position + name).text(limit: heap.size - name)
      try visit(object, path: Self.joined(path, text), depth: depth + 1)
    }
  }

  // MARK: Groups of the new form

  private mutating func visitLink(_ cursor: inout HDF5Cursor, path: String, depth: Int) throws {
    guard try cursor.number(1) == 1 else { throw cursor.corrupt("has a link of an unknown form") }
    let flags = try cursor.number(1)
    let kind = flags & 8 != 0 ? try cursor.number(1) : 0
    if flags & 4 != 0 { try cursor.skip(8) }
    if flags & 16 != 0 { try cursor.skip(1) }
    let count = try cursor.number(1 << (flags & 3))
    guard count > 0, count <= 1 << 16 else { throw cursor.corrupt("has a name of \(count) bytes") }
    let name = try cursor.text(limit: count)
    try cursor.skip(count)
    if kind == 0 { try visit(try cursor.defined(), path: Self.joined(path, name), depth: depth + 1) }
  }

  /// Links outside the header of a large group, in a heap, are not read.
  private func checkLinks(_ cursor: inout HDF5Cursor, _ path: String) throws {
    try cursor.skip(1)
    let flags = try cursor.number(1)
    if flags & 1 != 0 { try cursor.skip(8) }
    guard try cursor.address() == nil else {
      throw FormatError(
        file: base.file, problem: "the group '\(path.prefix(80))' lists its members in a form that Apus does not read",
        advice: "save it with h5py.File(..., libver='earliest')")
    }
  }
}
