import ApusTensor

/// Makes the bytes of an HDF5 file: a superblock of version 0, groups as symbol tables of one node each, arrays in one piece.
struct HDF5Writer {
  /// A group or an array.
  private indirect enum Item {
    case group([String: Item])
    case array(HostArray)
  }

  private var bytes: [UInt8] = []
  /// Half of the members that a list of names has room for: the largest group decides.
  private let half: Int
  private static let undefined = -1

  /// The bytes of a file.
  static func bytes(of arrays: [String: HostArray], file: String) throws -> [UInt8] {
    var root: [String: Item] = [:]
    for (path, array) in arrays.sorted(by: { $0.key < $1.key }) {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      let isPossible = parts.allSatisfy { !$0.isEmpty && $0 != "." && !$0.utf8.contains(0) } && parts.count <= 60
      guard isPossible, add(array, parts[...], to: &root) else {
        throw FormatError(
          file: file, problem: "cannot hold a tensor called '\(path.prefix(80))'",
          advice: "give it a name whose parts between '/' are not empty and not those of another tensor")
      }
    }
    let largest = largestGroup(root)
    guard largest <= 60_000 else {
      throw FormatError(
        file: file, problem: "cannot hold \(largest) tensors in one group", advice: "write a .safetensors file")
    }
    var writer = HDF5Writer(half: max((largest + 1) / 2, 4))
    try writer.write(root)
    return writer.bytes
  }

  private init(half: Int) { self.half = half }

  /// Whether there was room for the array.
  private static func add(_ array: HostArray, _ parts: ArraySlice<String>, to group: inout [String: Item]) -> Bool {
    guard let name = parts.first else { return false }
    guard parts.count > 1 else {
      guard group[name] == nil else { return false }
      group[name] = .array(array)
      return true
    }
    var members: [String: Item]
    switch group[name] {
    case nil: members = [:]
    case .group(let known): members = known
    case .array: return false
    }
    guard add(array, parts.dropFirst(), to: &members) else { return false }
    group[name] = .group(members)
    return true
  }

  private static func largestGroup(_ members: [String: Item]) -> Int {
    members.values.reduce(members.count) { most, item in
      if case .group(let inner) = item { max(most, largestGroup(inner)) } else { most }
    }
  }

  // MARK: Bytes

  private mutating func put(_ value: Int, _ count: Int) {
    for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
  }

  private mutating func put(_ letters: String) { bytes.append(contentsOf: letters.utf8) }

  private mutating func align() { while bytes.count % 8 != 0 { bytes.append(0) } }

  /// Replaces a number.
  private mutating func set(_ value: Int, at position: Int) {
    for place in 0..<8 { bytes[position + place] = UInt8(truncatingIfNeeded: value >> (8 * place)) }
  }

  // MARK: Parts

  private mutating func write(_ root: [String: Item]) throws {
    bytes += [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    bytes += [0, 0, 0, 0, 0, 8, 8, 0]
    put(half, 2)
    put(16, 2)
    put(0, 4)
    put(0, 8)
    put(Self.undefined, 8)
    let end = bytes.count
    put(0, 8)
    put(Self.undefined, 8)
    let entry = bytes.count
    for _ in 0..<40 { bytes.append(0) }
    let group = try write(group: root)
    set(group.header, at: entry + 8)
    bytes[entry + 16] = 1
    set(group.tree, at: entry + 24)
    set(group.heap, at: entry + 32)
    set(bytes.count, at: end)
  }

  /// A group and everything in it.
  private mutating func write(group members: [String: Item]) throws -> (header: Int, tree: Int, heap: Int) {
    // Names are in the order of their bytes.
    let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    var entries: [(name: String, header: Int, group: (tree: Int, heap: Int)?)] = []
    for (name, item) in sorted {
      switch item {
      case .group(let inner):
        let group = try write(group: inner)
        entries.append((name, group.header, (group.tree, group.heap)))
      case .array(let array): entries.append((name, write(array: array), nil))
      }
    }
    align()
    // The names, after an empty one.
    let names = bytes.count
    put(0, 8)
    let places = entries.map { entry in
      let place = bytes.count - names
      put(entry.name)
      bytes.append(0)
      align()
      return place
    }
    let size = bytes.count - names
    let heap = bytes.count
    put("HEAP")
    put(0, 4)
    put(size, 8)
    // No free part.
    put(1, 8)
    put(names, 8)
    let node = bytes.count
    put("SNOD")
    bytes += [1, 0]
    put(entries.count, 2)
    for (entry, place) in zip(entries, places) {
      put(place, 8)
      put(entry.header, 8)
      put(entry.group == nil ? 0 : 1, 4)
      put(0, 4)
      put(entry.group?.tree ?? 0, 8)
      put(entry.group?.heap ?? 0, 8)
    }
    for _ in entries.count..<2 * half { for _ in 0..<5 { put(0, 8) } }
    let tree = bytes.count
    put("TREE")
    bytes += [0, 0]
    put(entries.isEmpty ? 0 : 1, 2)
    put(Self.undefined, 8)
    put(Self.undefined, 8)
    put(0, 8)
    put(node, 8)
    put(places.last ?? 0, 8)
    for _ in 0..<2 * 31 { put(0, 8) }
    let header = bytes.count
    bytes += [1, 0]
    put(1, 2)
    put(1, 4)
    put(24, 4)
    put(0, 4)
    message(0x11, 16)
    put(tree, 8)
    put(heap, 8)
    return (header, tree, heap)
  }

  private mutating func message(_ kind: Int, _ size: Int) {
    put(kind, 2)
    put(size, 2)
    put(0, 4)
  }

  /// An array: its elements, and the header that describes them.
  private mutating func write(array: HostArray) -> Int {
    align()
    let data = bytes.count
    array.withUnsafeBytes { bytes.append(contentsOf: $0) }
    align()
    let header = bytes.count
    let (shape, type) = (array.shape, Self.type(of: array.dtype))
    let sizes = [8 + 8 * shape.rank, (type.count + 7) / 8 * 8, 24, 8]
    bytes += [1, 0]
    put(4, 2)
    put(1, 4)
    put(sizes.reduce(0) { $0 + 8 + $1 }, 4)
    put(0, 4)
    message(0x01, sizes[0])
    bytes += [1, UInt8(shape.rank), 0, 0]
    put(0, 4)
    for extent in shape { put(extent, 8) }
    message(0x03, sizes[1])
    bytes += type
    align()
    message(0x08, sizes[2])
    bytes += [3, 1]
    put(array.type.byteCount == 0 ? Self.undefined : data, 8)
    put(array.type.byteCount, 8)
    align()
    // Nothing is filled in: every element is written.
    message(0x05, sizes[3])
    bytes += [2, 2, 2, 0, 0, 0, 0, 0]
    return header
  }

  /// The message of an element type.
  private static func type(of dtype: DType) -> [UInt8] {
    func integer(_ size: UInt8, signed: Bool) -> [UInt8] {
      [0x10, signed ? 8 : 0, 0, 0, size, 0, 0, 0, 0, 0, size * 8, 0]
    }
    switch dtype {
    case .float32: return [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0]
    case .float64: return [0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0]
    case .int32: return integer(4, signed: true)
    case .int64: return integer(8, signed: true)
    case .uint8: return integer(1, signed: false)
    // An enumeration of bytes, as h5py has truth values.
    case .bool:
      let names = Array("FALSE".utf8) + [0, 0, 0] + Array("TRUE".utf8) + [0, 0, 0, 0]
      return [0x18, 2, 0, 0, 1, 0, 0, 0] + integer(1, signed: true) + names + [0, 1]
    }
  }
}
