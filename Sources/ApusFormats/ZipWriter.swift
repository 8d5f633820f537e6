import ApusTensor
import CZip

/// A file to put into a zip archive: some bytes, and the elements of an array after them.
struct ZipMember {
  var name: String
  var start: [UInt8]
  var array: HostArray?
}

/// Writing zip archives.
enum ZipWriter {
  /// Writes an archive, atomically; the same content gives the same bytes.
  ///
  /// - Throws: ``FormatError`` when the file cannot be written.
  static func write(_ members: [ZipMember], to path: String, compressed: Bool) throws {
    try AtomicFile.replace(path, devices: false) { temporary, _ in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
        throw failure(path, code)
      }
      var pieces: [Piece] = []
      do {
        for member in members {
          let piece = Piece(member)
          pieces.append(piece)
          try add(piece, named: member.name, to: archive, compressed: compressed, path)
        }
        guard zip_close(archive) == 0 else { throw failure(path, archive) }
      } catch {
        zip_discard(archive)
        throw error
      }
      // libzip reads the pieces when it closes the archive.
      withExtendedLifetime(pieces) {}
    }
  }

  /// Memory of one member, in place until the archive is closed.
  private final class Piece {
    /// Where the bytes lie; libzip 1.7 fails on empty fragments, so that there may be none.
    let fragments: UnsafeMutableBufferPointer<zip_buffer_fragment_t>
    private let start: UnsafeMutableBufferPointer<UInt8>
    private let array: HostArray?

    init(_ member: ZipMember) {
      start = .allocate(capacity: member.start.count)
      _ = start.initialize(from: member.start)
      array = member.array
      var parts: [zip_buffer_fragment_t] = []
      if !start.isEmpty { parts.append(zip_buffer_fragment_t(data: start.baseAddress, length: UInt64(start.count))) }
      if let array, array.type.byteCount > 0 {
        let data = array.storage.pointer.assumingMemoryBound(to: UInt8.self)
        parts.append(zip_buffer_fragment_t(data: data, length: UInt64(array.type.byteCount)))
      }
      fragments = .allocate(capacity: parts.count)
      _ = fragments.initialize(from: parts)
    }

    deinit {
      fragments.deallocate()
      start.deallocate()
    }
  }

  private static func add(
    _ piece: Piece, named name: String, to archive: OpaquePointer, compressed: Bool, _ path: String
  ) throws {
    guard
      let source = zip_source_buffer_fragment(
        archive, piece.fragments.isEmpty ? nil : piece.fragments.baseAddress, UInt64(piece.fragments.count), 0)
    else {
      throw failure(path, archive)
    }
    let index = zip_file_add(archive, name, source, UInt32(ZIP_FL_ENC_UTF_8))
    guard index >= 0 else {
      zip_source_free(source)
      throw failure(path, archive)
    }
    let method = compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE
    // The first day that zip files can name, as numpy writes it.
    let firstDay: UInt16 = 1 << 5 | 1
    guard zip_set_file_compression(archive, UInt64(index), method, 0) == 0,
      zip_file_set_dostime(archive, UInt64(index), 0, firstDay, 0) == 0
    else { throw failure(path, archive) }
  }

  private static func failure(_ path: String, _ code: Int32) -> FormatError {
    var error = zip_error_t()
    zip_error_init_with_code(&error, code)
    defer { zip_error_fini(&error) }
    return failure(path, &error)
  }

  private static func failure(_ path: String, _ archive: OpaquePointer) -> FormatError {
    failure(path, zip_get_error(archive))
  }

  private static func failure(_ path: String, _ error: UnsafeMutablePointer<zip_error_t>) -> FormatError {
    if zip_error_system_type(error) == ZIP_ET_SYS {
      return FormatError.unwritable(path, code: zip_error_code_system(error))
    }
    let text = zip_error_strerror(error).map { String(cString: $0) } ?? "unknown error"
    return FormatError(file: path, problem: "cannot be written (\(text.lowercased()))", advice: "choose another place")
  }
}
