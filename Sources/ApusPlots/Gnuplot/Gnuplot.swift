#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The program that draws, started directly and without a shell.
struct Gnuplot {
  /// Its name, looked for in `PATH`.
  var program = "gnuplot"

  /// Runs a script and gives what it draws on standard output.
  ///
  /// The streams are files without names, so that neither side waits for the other. The user's own settings of
  /// gnuplot are not read.
  ///
  /// - Throws: ``PlotError`` when the program is missing or fails.
  func run(_ script: String) throws -> [UInt8] {
    let (input, output, errors) = (try TemporaryStream(), try TemporaryStream(), try TemporaryStream())
    try input.write(script)
    let status = try start([program, "-d"], [input, output, errors])
    guard status == 0 else {
      let words = String(decoding: errors.read(), as: UTF8.self).split(whereSeparator: \.isNewline)
        .map { $0.drop { $0 == " " || $0 == "\t" } }.filter { !$0.isEmpty && !$0.allSatisfy { $0 == "^" } }
      let said = words.last.map { ": " + $0.prefix(200) } ?? ""
      throw PlotError(
        program, "could not draw the figure\(said)", advice: "check that gnuplot 5.4 or later is installed")
    }
    let drawn = output.read()
    guard !drawn.isEmpty else {
      throw PlotError(program, "drew nothing", advice: "check that gnuplot 5.4 or later is installed")
    }
    return drawn
  }

  /// Starts a program with streams 0, 1, 2 and waits for its end.
  private func start(_ arguments: [String], _ streams: [TemporaryStream]) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, stream.descriptor, Int32(number))
    }
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let failure = withExtendedLifetime(streams) {
      posix_spawnp(&process, program, &actions, nil, &words, environ)
    }
    guard failure == 0 else {
      if failure == ENOENT || failure == ENOTDIR || failure == EACCES { throw PlotError.missing(program) }
      throw PlotError(program, "cannot be started (error \(failure))", advice: "check the memory and process limits")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return -1 }
    }
    return status
  }
}

/// A file without a name, which is gone when it is closed.
private final class TemporaryStream {
  private let file: UnsafeMutablePointer<FILE>
  var descriptor: Int32 { fileno(file) }

  init() throws {
    guard let file = tmpfile() else {
      throw PlotError(
        "temporary files", "cannot be made (error \(errno))", advice: "free some space where they are kept")
    }
    self.file = file
  }

  deinit { fclose(file) }

  /// Writes text and goes back to the beginning.
  func write(_ text: String) throws {
    var text = text
    let isWritten = text.withUTF8 { fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
    guard isWritten, fflush(file) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw PlotError(
        "temporary files", "cannot be written (error \(errno))", advice: "free some space where they are kept")
    }
  }

  /// Everything that anybody wrote.
  func read() -> [UInt8] {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let more = pread(descriptor, buffer.baseAddress.map { $0 + count }, size - count, off_t(count))
        if more <= 0 { break }
        count += more
      }
    }
  }
}
