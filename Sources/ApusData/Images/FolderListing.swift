import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is in a folder, symbolic links followed.
struct FolderListing {
  /// Something in a folder.
  struct Entry {
    let name: String
    let path: String
    let kind: Kind
  }

  /// What an entry is.
  enum Kind: Equatable {
    case file
    case folder(FileIdentity)
    /// A link that leads nowhere.
    case nothing
    /// A pipe, a socket, a device.
    case other
    /// A name that is no text.
    case nameless
  }

  /// What tells a folder from every other, whatever path leads to it.
  struct FileIdentity: Hashable {
    let device: UInt64
    let number: UInt64
  }

  /// The visible entries in the order of their names; files that systems leave behind are not shown.
  let entries: [Entry]

  /// - Throws: `FormatError` when the folder cannot be read.
  init(_ path: String) throws {
    guard let directory = opendir(path) else { throw Self.unreadable(path) }
    defer { closedir(directory) }
    var found: [Entry] = []
    while let entry = readdir(directory) {
      let bytes = withUnsafeBytes(of: entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
      if bytes.first == UInt8(ascii: ".") { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        let shown = String(decoding: bytes, as: UTF8.self)
        found.append(Entry(name: shown, path: "\(path)/\(shown)", kind: .nameless))
        continue
      }
      if Self.leftovers.contains(name.lowercased()) { continue }
      let full = "\(path)/\(name)"
      found.append(Entry(name: name, path: full, kind: Self.kind(full)))
    }
    entries = found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static let leftovers: Set = ["thumbs.db", "desktop.ini", "__macosx"]

  /// The folders among the entries.
  var folders: [Entry] { entries.filter { if case .folder = $0.kind { true } else { false } } }

  /// Whether a folder, or one at most three levels below it, has an entry of a kind.
  static func search(_ folder: String, for isWanted: (Entry) -> Bool) -> Bool {
    var folders = [folder]
    // Not all of a large tree is searched for what the first folders lack.
    for depth in 0...3 {
      var next: [String] = []
      for folder in folders {
        guard let listing = try? FolderListing(folder) else { continue }
        if listing.entries.contains(where: isWanted) { return true }
        if depth < 3 { next += listing.folders.map(\.path) }
      }
      folders = Array(next.prefix(1000))
    }
    return false
  }

  /// The identity of a folder; nil when there is none.
  static func identity(_ path: String) -> FileIdentity? {
    if case .folder(let identity) = kind(path) { identity } else { nil }
  }

  private static func kind(_ path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return errno == ELOOP ? .other : .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder(FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino)))
    default: return .other
    }
  }

  private static func unreadable(_ path: String) -> FormatError {
    let reason = strerror(errno).map { String(cString: $0).lowercased() } ?? "error \(errno)"
    return FormatError(file: path, problem: "cannot be read (\(reason))", advice: "check the path and the permissions")
  }
}

/// The files below a folder that may be pictures, and what cannot be one.
struct FilesBelow {
  private(set) var paths: [String] = []
  private(set) var problems: [DataError] = []
  private var seen: Set<FolderListing.FileIdentity> = []

  /// - Throws: `FormatError` when the folder itself cannot be read.
  init(_ folder: String) throws {
    try walk(folder, FolderListing.identity(folder), Self.above(folder))
  }

  /// The folders that a folder lies in.
  private static func above(_ folder: String) -> Set<FolderListing.FileIdentity> {
    var found: Set<FolderListing.FileIdentity> = []
    var path = folder + "/.."
    // The root lies in itself.
    while let identity = FolderListing.identity(path), found.insert(identity).inserted { path += "/.." }
    return found
  }

  private mutating func walk(
    _ folder: String, _ identity: FolderListing.FileIdentity?, _ above: Set<FolderListing.FileIdentity>
  ) throws {
    var above = above
    if let identity {
      seen.insert(identity)
      above.insert(identity)
    }
    for entry in try FolderListing(folder).entries {
      switch entry.kind {
      case .file: paths.append(entry.path)
      case .folder(let identity) where above.contains(identity):
        refuse(entry, "is a symbolic link back to a folder that it lies in", "remove the link")
      case .folder(let identity):
        // A folder that two links lead to is read once.
        guard !seen.contains(identity) else { continue }
        do { try walk(entry.path, identity, above) } catch let error as FormatError {
          problems.append(DataError(error))
        }
      case .nothing: refuse(entry, "is a symbolic link to nothing", "remove the link")
      case .other: refuse(entry, "is neither a file nor a folder", "remove it")
      case .nameless: refuse(entry, "has a name that is not valid UTF-8", "rename it")
      }
    }
  }

  private mutating func refuse(_ entry: FolderListing.Entry, _ problem: String, _ advice: String) {
    problems.append(DataError(place: entry.path, problem: problem, advice: advice))
  }
}

extension DataError {
  /// The same sentence about a file.
  init(_ error: FormatError) { self.init(place: error.file, problem: error.problem, advice: error.advice) }
}
