/// The messages of an object's header, from all its parts.
struct HDF5Messages {
  /// One message.
  struct Message {
    var kind: Int
    /// Whether the content is somewhere else.
    var isShared: Bool
    /// The content, from its first byte to nowhere beyond its last.
    var content: HDF5Cursor
  }

  private(set) var list: [Message] = []
  private let origin: Int
  private var parts = 0

  init(_ start: HDF5Cursor, origin: Int) throws {
    self.origin = origin
    var cursor = start
    if cursor.takes("OHDR") {
      guard try cursor.number(1) == 2 else { throw cursor.corrupt("has an object of an unknown form") }
      let flags = try cursor.number(1)
      if flags & 0x20 != 0 { try cursor.skip(16) }
      if flags & 0x10 != 0 { try cursor.skip(4) }
      let size = try cursor.number(1 << (flags & 3))
      try read(cursor, size, hasOrder: flags & 4 != 0, isNew: true)
    } else {
      guard try cursor.number(1) == 1 else { throw cursor.corrupt("has an object of an unknown form") }
      try cursor.skip(7)
      let size = try cursor.number(4)
      try cursor.skip(4)
      try read(cursor, size, hasOrder: false, isNew: false)
    }
  }

  /// The messages of one part of the header.
  private mutating func read(_ start: HDF5Cursor, _ size: Int, hasOrder: Bool, isNew: Bool) throws {
    parts += 1
    let (end, overflow) = start.position.addingReportingOverflow(size)
    guard parts <= 256, size >= 0, !overflow, end <= start.bytes.count else {
      throw start.corrupt("has an object that is cut short")
    }
    var cursor = start
    let head = isNew ? (hasOrder ? 6 : 4) : 8
    while cursor.position + head <= end {
      let kind = try cursor.number(isNew ? 1 : 2)
      let count = try cursor.number(2)
      let flags = try cursor.number(1)
      try cursor.skip(isNew ? (hasOrder ? 2 : 0) : 3)
      guard count <= end - cursor.position else { throw cursor.corrupt("has a message that is cut short") }
      let content = cursor.ending(at: cursor.position + count)
      try cursor.skip(count)
      if kind == 0x10 {
        try follow(content, hasOrder: hasOrder, isNew: isNew)
      } else if kind != 0 {
        list.append(Message(kind: kind, isShared: flags & 2 != 0, content: content))
        guard list.count <= 1 << 16 else { throw cursor.corrupt("has too many messages in an object") }
      }
    }
  }

  /// Another part of the header.
  private mutating func follow(_ content: HDF5Cursor, hasOrder: Bool, isNew: Bool) throws {
    var cursor = content
    let (address, size) = (try cursor.defined(), try cursor.length())
    let (position, overflow) = origin.addingReportingOverflow(address)
    guard !overflow, position >= 0 else { throw cursor.corrupt("points outside itself, or is cut short") }
    var part = content.ending(at: content.bytes.count).at(position)
    guard isNew else { return try read(part, size, hasOrder: false, isNew: false) }
    guard part.takes("OCHK"), size >= 8 else { throw cursor.corrupt("has an object that is cut short") }
    try read(part, size - 8, hasOrder: hasOrder, isNew: true)
  }
}
