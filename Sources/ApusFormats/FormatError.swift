#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is wrong with a file that was read or could not be written, and what to do about it.
///
/// The description is one sentence: file, problem, advice.
public struct FormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file, or the member of an archive, as it was named by the caller.
  public let file: String
  /// What is wrong.
  public let problem: String
  /// What to do.
  public let advice: String

  /// An error about a file.
  public init(file: String, problem: String, advice: String) {
    (self.file, self.problem, self.advice) = (file.onOneLine, problem.onOneLine, advice.onOneLine)
  }

  /// `file: problem; advice`.
  public var description: String { "\(file): \(problem); \(advice)" }

  /// The file's bytes are not what its format demands.
  static func corrupt(_ file: String, _ problem: String) -> FormatError {
    FormatError(file: file, problem: problem, advice: "the file is damaged or not what its name says: get it again")
  }

  /// A system call failed while reading.
  static func unreadable(_ file: String, code: Int32) -> FormatError {
    let advice =
      switch code {
      case ENOENT, ENOTDIR: "check the path"
      case EACCES, EPERM: "check the permissions"
      default: "check the disk and the path"
      }
    return FormatError(file: file, problem: "cannot be read (\(reason(code)))", advice: advice)
  }

  /// A system call failed while writing.
  package static func unwritable(_ file: String, code: Int32) -> FormatError {
    let advice =
      switch code {
      case ENOENT, ENOTDIR: "create the folder first or choose another one"
      case EACCES, EPERM, EROFS: "choose a place you may write to"
      case ENOSPC, EDQUOT: "free some space or choose another disk"
      case EFBIG: "raise the limit on file sizes (ulimit -f) or choose another disk"
      case EISDIR: "name a file, not a folder"
      default: "choose another place"
      }
    return FormatError(file: file, problem: "cannot be written (\(reason(code)))", advice: advice)
  }

  /// The system's words for an error code, in lower case.
  private static func reason(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text).lowercased()
  }
}

extension String {
  /// The text with a space for every line break and control character: names that stand in a file may hold anything, and
  /// the sentence about them stays one line that does nothing to a terminal.
  package var onOneLine: String {
    guard unicodeScalars.contains(where: \.breaksLine) else { return self }
    return String(String.UnicodeScalarView(unicodeScalars.map { $0.breaksLine ? " " : $0 }))
  }
}

extension Unicode.Scalar {
  fileprivate var breaksLine: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
    default: false
    }
  }
}
