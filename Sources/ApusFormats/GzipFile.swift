import ApusTensor
import CZlib

/// Files compressed by gzip.
public enum GzipFile {
  /// The uncompressed content of a gzip file, of any number of members.
  ///
  /// - Parameter limit: the most bytes that the content may have.
  /// - Throws: ``FormatError`` when the file is missing, damaged, cut short or holds more than `limit` bytes.
  public static func decompress(contentsOf path: String, limit: Int) throws -> [UInt8] {
    try decompress(try FileBytes.read(path), limit: limit, file: path)
  }

  /// The uncompressed content of bytes in gzip form.
  ///
  /// - Parameters:
  ///   - limit: the most bytes that the content may have.
  ///   - file: the name that errors use.
  /// - Throws: ``FormatError`` when the bytes are damaged, cut short or hold more than `limit` bytes.
  public static func decompress(_ bytes: [UInt8], limit: Int, file: String) throws -> [UInt8] {
    let storage = Storage(byteCount: bytes.count)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { storage.pointer.copyMemory(from: start, byteCount: source.count) }
    }
    return try decompress(storage, limit: limit, file: file)
  }

  private static func decompress(_ storage: Storage, limit: Int, file: String) throws -> [UInt8] {
    let stream = try InflateStream(storage, file: file)
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try stream.read(into: $0) }
      if count == 0 { return result }
      guard result.count + count <= limit else {
        throw FormatError(
          file: file, problem: "holds more than the \(limit) bytes that are expected",
          advice: "check that it is the right file")
      }
      result.append(contentsOf: chunk[..<count])
    }
  }
}

/// Decompresses gzip data from memory, piece by piece.
final class InflateStream {
  private let storage: Storage
  private let file: String
  /// zlib keeps a pointer back to this structure, so that it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  private var ended = false

  /// Whether bytes begin as a gzip file does.
  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// - Throws: ``FormatError`` when the data is not in gzip form.
  init(_ storage: Storage, file: String) throws {
    guard storage.withBytes(Self.recognizes) else {
      throw FormatError.corrupt(file, storage.byteCount == 0 ? "is empty" : "is not a gzip file")
    }
    self.storage = storage
    self.file = file
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 + 16: the largest window, and a gzip header instead of a zlib one.
    let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      stream.deallocate()
      throw FormatError(file: file, problem: "zlib could not start (status \(status))", advice: "free some memory")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Fills the buffer as far as the content lasts.
  ///
  /// - Returns: the number of bytes written; 0 at the end of the content, whose checksum is then known to be right.
  /// - Throws: ``FormatError`` when the data is damaged or cut short.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let start = buffer.baseAddress, !ended else { return 0 }
    let wanted = min(buffer.count, 1 << 30)
    var done = 0
    while done < wanted {
      let available = min(storage.byteCount - consumed, 1 << 30)
      stream.pointee.next_in = (storage.pointer + consumed).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(available)
      stream.pointee.next_out = (start + done).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(wanted - done)
      let status = inflate(stream, Z_NO_FLUSH)
      consumed += available - Int(stream.pointee.avail_in)
      done = wanted - Int(stream.pointee.avail_out)
      switch status {
      case Z_STREAM_END:
        if try !startNextMember() { return done }
      case Z_OK: continue
      case Z_BUF_ERROR where consumed == storage.byteCount, Z_BUF_ERROR where done < wanted:
        throw FormatError.corrupt(file, "its compressed data is cut short")
      default: throw FormatError.corrupt(file, "its compressed data is damaged")
      }
    }
    return done
  }

  /// Goes on with the gzip member that follows, if one does; zeros may follow the last one.
  private func startNextMember() throws -> Bool {
    let (another, padding) = storage.withBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed...])
      return (Self.recognizes(rest), rest.allSatisfy { $0 == 0 })
    }
    if another {
      guard inflateReset(stream) == Z_OK else { throw FormatError.corrupt(file, "its compressed data is damaged") }
      return true
    }
    guard padding else {
      throw FormatError.corrupt(file, "holds bytes after its compressed data")
    }
    ended = true
    return false
  }
}
