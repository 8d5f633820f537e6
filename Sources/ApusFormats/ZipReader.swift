import ApusTensor
import CZip

/// An open zip archive.
final class ZipReader {
  struct Member {
    var name: String
    var index: UInt64
    var size: Int
    var compressedSize: Int
  }

  private let path: String
  private let archive: OpaquePointer
  private let fileSize: Int

  /// - Throws: ``FormatError`` when the file is missing or not an archive.
  init(_ path: String) throws {
    self.path = path
    // Says better than libzip what is wrong with a path.
    let size = try FileBytes.map(path).byteCount
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
      throw FormatError.corrupt(path, size == 0 ? "is empty" : "is not a zip archive, or cut short")
    }
    self.archive = archive
    fileSize = size
  }

  deinit { zip_discard(archive) }

  /// The members, in the archive's order.
  ///
  /// - Throws: ``FormatError`` when names are not text or not unique, a member is encrypted, or all together claim a size
  ///   that only a decompression bomb would.
  func members() throws -> [Member] {
    var result: [Member] = []
    var seen: Set<String> = []
    var total = 0
    for index in 0..<UInt64(max(zip_get_num_entries(archive, 0), 0)) {
      var status = zip_stat_t()
      zip_stat_init(&status)
      let needed = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE)
      guard zip_stat_index(archive, index, 0, &status) == 0, status.valid & needed == needed, let text = status.name,
        let size = Int(exactly: status.size), let compressed = Int(exactly: status.comp_size)
      else { throw FormatError.corrupt(path, "the entry of member \(index) is damaged") }
      let name = String(cString: text)
      guard seen.insert(name).inserted else {
        throw FormatError.corrupt(path, "names the member '\(name.prefix(80))' twice")
      }
      if status.valid & UInt64(ZIP_STAT_ENCRYPTION_METHOD) != 0, status.encryption_method != UInt16(ZIP_EM_NONE) {
        throw FormatError(
          file: path, problem: "member '\(name.prefix(80))' is encrypted", advice: "save it without a password")
      }
      let (sum, overflow) = total.addingReportingOverflow(size)
      total = overflow ? .max : sum
      result.append(Member(name: name, index: index, size: size, compressedSize: compressed))
    }
    // Members may share compressed bytes, so each could be plausible alone.
    try Expansion.check(claimed: total, compressed: fileSize, file: path)
    return result
  }

  /// The content of a member, whose checksum is then known to be right.
  ///
  /// - Throws: ``FormatError`` when it is damaged or claims a size that it cannot have.
  func read(_ member: Member) throws -> Storage {
    let label = "\(path), member \(member.name)"
    try Expansion.check(claimed: member.size, compressed: member.compressedSize, file: label)
    guard let stream = zip_fopen_index(archive, member.index, 0) else {
      let reason = zip_strerror(archive).map { String(cString: $0).lowercased() } ?? "unknown error"
      throw FormatError.corrupt(label, "cannot be opened (\(reason))")
    }
    defer { zip_fclose(stream) }
    func next(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
      let count = zip_fread(stream, buffer.baseAddress, UInt64(buffer.count))
      guard count >= 0 else { throw FormatError.corrupt(label, "its data is damaged") }
      return Int(count)
    }
    let storage = try Expansion.read(
      member.size, stored: min(member.compressedSize, fileSize), file: label, from: next)
    var extra: UInt8 = 0
    guard try withUnsafeMutableBytes(of: &extra, next) == 0 else {
      throw FormatError.corrupt(label, "holds more bytes than it says")
    }
    return storage
  }
}
