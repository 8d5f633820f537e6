#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Replacing files so that a reader, a full disk or a killed process never meets a half-written one.
///
/// The new content goes to a temporary file in the same folder, is flushed to the disk, and takes the old file's name
/// in one step. Until that step the old file is untouched; on any failure the temporary file is removed and an error
/// thrown. A symbolic link is followed; a device such as `/dev/stdout` is written directly.
public enum AtomicFile {
  /// Writes a file through `body`.
  ///
  /// - Throws: ``FormatError`` when the place is not writable or the disk is full; whatever `body` throws.
  public static func write(to path: String, body: (inout FileWriter) throws -> Void) throws {
    try replace(path, devices: true) { _, descriptor in
      var writer = FileWriter(descriptor: descriptor, path: path)
      try body(&writer)
      try writer.flush()
    }
  }

  /// Writes bytes as a whole file.
  ///
  /// - Throws: ``FormatError`` when the place is not writable or the disk is full.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try write(to: path) { try $0.write(bytes) }
  }

  /// Writes text as a whole file, in UTF-8.
  ///
  /// - Throws: ``FormatError`` when the place is not writable or the disk is full.
  public static func write(_ text: String, to path: String) throws {
    try write(to: path) { try $0.write(text) }
  }

  /// Removes temporary files that a killed process left beside `path`; call it only while nobody else writes there.
  ///
  /// - Returns: how many were removed.
  @discardableResult
  public static func removeLeftovers(of path: String) -> Int {
    let (folder, name) = split(path)
    guard let directory = opendir(folder) else { return 0 }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      let entryName = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if entryName.hasPrefix(temporaryPrefix(name)) && entryName.hasSuffix(".tmp") { found.append(entryName) }
    }
    return found.reduce(0) { unlink(folder + "/" + $1) == 0 ? $0 + 1 : $0 }
  }

  /// Calls `body` with the path and descriptor of an empty temporary file and, when it returns, makes that file (or the
  /// one that took its name) the new `path`.
  ///
  /// - Parameter devices: whether a device is written directly; without it, a device is refused. Code that replaces the
  ///   temporary file by name must not be let near one.
  static func replace(
    _ path: String, devices: Bool, body: (_ temporary: String, _ descriptor: Int32) throws -> Void
  ) throws {
    guard !path.isEmpty else {
      throw FormatError(file: "(no name)", problem: "the path is empty", advice: "name a file")
    }
    var target = path
    var mode: mode_t?
    var status = stat()
    if stat(path, &status) == 0 {
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR { throw FormatError.unwritable(path, code: EISDIR) }
      guard access(path, W_OK) == 0 else { throw FormatError.unwritable(path, code: errno) }
      if kind != S_IFREG {
        guard devices else {
          throw FormatError(file: path, problem: "is not a regular file", advice: "name a file to write to")
        }
        return try writeDirectly(path, body)
      }
      mode = status.st_mode & 0o7777
      if let resolved = realpath(path, nil) {
        target = String(cString: resolved)
        free(resolved)
      }
    }
    let (folder, name) = split(target)
    let (temporary, descriptor) = try makeTemporary(folder, name, mode, for: path)
    do {
      defer { close(descriptor) }
      try body(temporary, descriptor)
      try flush(temporary, for: path)
      guard rename(temporary, target) == 0 else { throw FormatError.unwritable(path, code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    // The new name lasts once the folder is on the disk; some file systems cannot flush a folder, which is no failure.
    let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if folderDescriptor >= 0 {
      fsync(folderDescriptor)
      close(folderDescriptor)
    }
  }

  private static func writeDirectly(_ path: String, _ body: (String, Int32) throws -> Void) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FormatError.unwritable(path, code: errno) }
    defer { close(descriptor) }
    try body(path, descriptor)
  }

  private static func makeTemporary(
    _ folder: String, _ name: String, _ mode: mode_t?, for path: String
  ) throws -> (path: String, descriptor: Int32) {
    for attempt in 0..<100 {
      let random = UInt32.random(in: 0...UInt32.max)
      let temporary = folder + "/" + temporaryPrefix(name) + String(getpid()) + "-" + String(random, radix: 36) + ".tmp"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        if let mode { fchmod(descriptor, mode) }
        return (temporary, descriptor)
      }
      guard errno == EEXIST, attempt < 99 else { throw FormatError.unwritable(path, code: errno) }
    }
    throw FormatError.unwritable(path, code: EEXIST)
  }

  /// Flushes the file of this name to the disk, whoever wrote it.
  private static func flush(_ temporary: String, for path: String) throws {
    let descriptor = open(temporary, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw FormatError.unwritable(path, code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FormatError.unwritable(path, code: errno) }
  }

  private static func temporaryPrefix(_ name: String) -> String { "." + name.prefix(150) + ".apus-" }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.index(after: slash)...]))
  }
}

/// Appends bytes to a file that is being written; see ``AtomicFile``.
public struct FileWriter {
  private let descriptor: Int32
  private let path: String
  private var buffer: [UInt8] = []
  /// Bytes given to the writer so far.
  public private(set) var byteCount = 0

  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Appends bytes.
  ///
  /// - Throws: ``FormatError`` when they cannot be written, for example on a full disk.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    byteCount += bytes.count
    if buffer.count + bytes.count <= 1 << 16 {
      buffer.append(contentsOf: bytes)
    } else {
      try flush()
      try transfer(bytes)
    }
  }

  /// Appends bytes.
  ///
  /// - Throws: ``FormatError`` when they cannot be written, for example on a full disk.
  public mutating func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Appends text in UTF-8.
  ///
  /// - Throws: ``FormatError`` when it cannot be written, for example on a full disk.
  public mutating func write(_ text: String) throws {
    try write(Array(text.utf8))
  }

  /// Hands everything to the system.
  mutating func flush() throws {
    guard !buffer.isEmpty else { return }
    try buffer.withUnsafeBytes { try transfer($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func transfer(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = systemWrite(descriptor, start, min(rest.count, 1 << 30))
      if count < 0 {
        if errno == EINTR { continue }
        throw FormatError.unwritable(path, code: errno)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}

/// `write(2)`, under a name that methods called `write` do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
