import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whole files as memory.
package enum FileBytes {
  /// The bytes of a regular file, copied into memory (64-byte aligned, `byteCount` is the file's size).
  ///
  /// - Throws: ``FormatError`` when the file is missing, not a regular file, unreadable or larger than the memory.
  package static func read(_ path: String) throws -> Storage {
    try readStart(path, count: .max).start
  }

  /// The first bytes of a regular file, as many as there are up to `count`, and the size of the whole file.
  ///
  /// - Throws: as ``read(_:)``.
  package static func readStart(_ path: String, count: Int) throws -> (start: Storage, size: Int) {
    let (descriptor, size) = try openRegular(path)
    defer { close(descriptor) }
    let wanted = min(size, count)
    try checkFits(wanted, path)
    let storage = Storage(byteCount: wanted)
    var done = 0
    while done < wanted {
      // A single call transfers at most about 2 GiB.
      let count = systemRead(descriptor, storage.pointer + done, min(wanted - done, 1 << 30))
      if count < 0 {
        if errno == EINTR { continue }
        throw FormatError.unreadable(path, code: errno)
      }
      guard count > 0 else {
        throw FormatError(file: path, problem: "became shorter while it was read", advice: "read it again")
      }
      done += count
    }
    return (storage, size)
  }

  /// The bytes of a regular file, mapped: pages are read when they are first touched.
  ///
  /// At least one readable page follows the last byte, so that vector kernels may read a full register at the end. The
  /// mapping survives replacing the file (rename), which is how ``AtomicFile`` writes; a file that another program cuts
  /// short in place while it is mapped cannot be guarded against.
  ///
  /// - Throws: ``FormatError`` when the file is missing, not a regular file or unreadable.
  package static func map(_ path: String) throws -> Storage {
    let (descriptor, size) = try openRegular(path)
    defer { close(descriptor) }
    let page = max(Int(sysconf(Int32(_SC_PAGESIZE))), 4096)
    let (length, overflow) = size.addingReportingOverflow(2 * page)
    guard !overflow,
      let base = mmap(nil, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), base != MAP_FAILED
    else { throw FormatError.unreadable(path, code: ENOMEM) }
    if size > 0 {
      let mapped = mmap(base, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0)
      guard mapped != MAP_FAILED else {
        let code = errno
        munmap(base, length)
        throw FormatError.unreadable(path, code: code)
      }
    }
    return Storage(adopting: base, byteCount: size) { munmap($0, length) }
  }

  /// Refuses sizes that no allocation on this machine could serve.
  static func checkFits(_ byteCount: Int, _ file: String) throws {
    let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard pages > 0, page > 0 else { return }
    guard byteCount / page < pages else {
      throw FormatError(
        file: file, problem: "needs \(byteCount) bytes, more than this machine's memory",
        advice: "use a smaller file or a larger machine")
    }
  }

  private static func openRegular(_ path: String) throws -> (descriptor: Int32, size: Int) {
    guard !path.isEmpty else {
      throw FormatError(file: "(no name)", problem: "the path is empty", advice: "name a file")
    }
    // Not blocking: opening a named pipe must not wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FormatError.unreadable(path, code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw FormatError.unreadable(path, code: code)
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      close(descriptor)
      let problem = kind == S_IFDIR ? "is a folder" : "is not a regular file"
      throw FormatError(file: path, problem: problem, advice: "name a file")
    }
    return (descriptor, Int(status.st_size))
  }
}

/// `read(2)`, under a name that methods called `read` do not hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}

extension Storage {
  /// The bytes, valid during the call.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(start: pointer, count: byteCount)) }
  }

  /// A part of this storage, sharing its memory and keeping it alive.
  ///
  /// - Precondition: the range lies inside the storage.
  func slice(offset: Int, byteCount count: Int) -> Storage {
    precondition(offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount - offset)
    return Storage(adopting: pointer + offset, byteCount: count) { _ in withExtendedLifetime(self) {} }
  }
}
