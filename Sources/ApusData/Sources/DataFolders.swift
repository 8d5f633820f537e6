#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where data sets are looked for.
///
/// A data set called `mnist` is looked for in `$APUS_DATA/mnist`, `~/.cache/apus/mnist` and `./data/mnist`.
public struct DataFolders: Sendable, Hashable {
  /// The folders that hold a folder for each data set, in the order in which they are tried.
  public var roots: [String]

  /// Folders in a given order.
  public init(roots: [String]) { self.roots = roots }

  /// What the environment says now: `$APUS_DATA` if it is set, `~/.cache/apus`, `./data`.
  public static var standard: DataFolders {
    var roots: [String] = []
    if let folder = environment("APUS_DATA") { roots.append(folder) }
    if let home = environment("HOME") { roots.append(home + "/.cache/apus") }
    roots.append("./data")
    return DataFolders(roots: roots)
  }

  /// The places of a data set, followed by `others`.
  public func candidates(_ name: String, others: [String] = []) -> [String] { roots.map { "\($0)/\(name)" } + others }

  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// What a path leads to.
  enum Kind {
    case nothing, file, folder
  }

  /// What a path leads to, symbolic links followed.
  static func kind(_ path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }
}
