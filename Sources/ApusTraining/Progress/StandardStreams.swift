#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Text to the process's streams, at once and unbuffered.
public enum StandardStreams {
  /// Writes to standard error; failures are passed over, there is nobody left to tell.
  public static func error(_ text: String) { _ = send(text, to: 2) }

  /// Writes to standard output.
  ///
  /// - Returns: whether all of it could be written.
  public static func output(_ text: String) -> Bool { send(text, to: 1) }

  private static func send(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// `write(2)`, under a name that methods called `write` do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
