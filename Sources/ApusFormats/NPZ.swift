import ApusTensor
import CZip

/// The archives of named arrays of numpy (`.npz`): zip files of `.npy` members, stored or deflated, zip64 included.
public enum NPZ {
  /// The names of the arrays in a file, in the order of the archive.
  ///
  /// - Throws: ``FormatError`` when the file is missing or not an archive.
  public static func names(in path: String) throws -> [String] {
    let archive = try ZipReader(path)
    return try archive.members().map(\.name)
  }

  /// The arrays in a file, by name (without `.npy`).
  ///
  /// - Parameter wanted: the names to read; nil reads all. Names that the file lacks are left out of the result.
  /// - Throws: ``FormatError`` when the file is missing or damaged, or an array is of an element type that cannot be
  ///   read.
  public static func read(from path: String, only wanted: Set<String>? = nil) throws -> [String: HostArray] {
    let archive = try ZipReader(path)
    var result: [String: HostArray] = [:]
    for member in try archive.members() where wanted?.contains(member.name) ?? true {
      result[member.name] = try NPY.decode(try archive.read(member), file: "\(path), member \(member.name)")
    }
    return result
  }

  /// Writes arrays to a file, atomically; the same content gives the same bytes.
  ///
  /// - Parameter compressed: whether to deflate the members.
  /// - Throws: ``FormatError`` when the file cannot be written.
  public static func write(_ arrays: [String: HostArray], to path: String, compressed: Bool = false) throws {
    try AtomicFile.replace(path, devices: false) { temporary, _ in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
        throw failure(path, code)
      }
      var pieces: [Piece] = []
      do {
        for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
          let piece = Piece(header: NPYHeader.bytes(for: array.type), array: array)
          pieces.append(piece)
          try add(piece, named: name + ".npy", to: archive, compressed: compressed, path)
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
    let fragments: UnsafeMutablePointer<zip_buffer_fragment_t>
    private let header: UnsafeMutableBufferPointer<UInt8>
    private let array: HostArray

    init(header bytes: [UInt8], array: HostArray) {
      header = .allocate(capacity: bytes.count)
      _ = header.initialize(from: bytes)
      self.array = array
      fragments = .allocate(capacity: 2)
      fragments.initialize(to: zip_buffer_fragment_t(data: header.baseAddress, length: UInt64(header.count)))
      let data = array.storage.pointer.assumingMemoryBound(to: UInt8.self)
      (fragments + 1).initialize(to: zip_buffer_fragment_t(data: data, length: UInt64(array.type.byteCount)))
    }

    deinit {
      fragments.deallocate()
      header.deallocate()
    }
  }

  private static func add(
    _ piece: Piece, named name: String, to archive: OpaquePointer, compressed: Bool, _ path: String
  ) throws {
    guard let source = zip_source_buffer_fragment(archive, piece.fragments, 2, 0) else {
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
