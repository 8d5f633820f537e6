import ApusFormats

/// Text from files.
public enum TextCorpus {
  /// The endings of the files that are read in a folder.
  public static let endings = [".txt", ".text", ".md", ".txt.gz"]

  /// The text of a file, plain or compressed by gzip, or of all text files of a folder in the order of their names.
  ///
  /// The text is UTF-8; a byte-order mark is left out, and lines end in a line feed, whatever ended them in the file.
  ///
  /// - Throws: ``DataError`` when there is no text, or the bytes are not UTF-8; `FormatError` when a file cannot be read.
  public static func read(_ path: String) throws -> String {
    switch DataFolders.kind(path) {
    case .nothing:
      throw DataError(
        place: path.isEmpty ? "(no name)" : path, problem: "there is no such file or folder",
        advice: "give a text file, or a folder with files that end in \(endings.joined(separator: ", "))")
    case .file: return try file(path)
    case .folder:
      let files = try FolderListing(path).entries.filter { entry in
        isNamedAsText(entry)
      }
      guard !files.isEmpty else {
        throw DataError(
          place: path, problem: "the folder holds no text files",
          advice: "put files there that end in \(endings.joined(separator: ", "))")
      }
      return try files.map { try file($0.path) }.joined(separator: "\n\n")
    }
  }

  /// Whether an entry of a folder is a file that ends as texts do.
  static func isNamedAsText(_ entry: FolderListing.Entry) -> Bool {
    entry.kind == .file && endings.contains { entry.name.lowercased().hasSuffix($0) }
  }

  private static func file(_ path: String) throws -> String {
    let bytes =
      path.lowercased().hasSuffix(".gz")
      ? try GzipFile.decompress(contentsOf: path, limit: 1 << 32)
      : try FileBytes.read(path).withBytes { Array($0) }
    return try text(bytes, place: path)
  }

  /// The text that bytes in UTF-8 hold.
  ///
  /// - Parameter place: what messages call them.
  /// - Throws: ``DataError`` when there is none, or the bytes are not UTF-8.
  public static func text(_ bytes: [UInt8], place: String) throws -> String {
    if let zero = bytes.firstIndex(of: 0) {
      throw DataError(
        place: place, problem: "is no text: byte \(zero) is 0", advice: "give a text file in UTF-8")
    }
    guard var text = String(validating: bytes, as: UTF8.self) else {
      let bad = firstInvalid(bytes)
      let line = bytes[..<bad].count { $0 == UInt8(ascii: "\n") } + 1
      let value = String(bytes[bad], radix: 16, uppercase: true)
      throw DataError(
        place: place, problem: "is not UTF-8: byte \(bad), in line \(line), is 0x\(value)",
        advice: "convert it first, for example with iconv -f latin1 -t utf-8")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    if bytes.contains(UInt8(ascii: "\r")) { text = withLineFeeds(text) }
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw DataError(place: place, problem: "holds no text", advice: "give a file with some")
    }
    return text
  }

  private static func withLineFeeds(_ text: String) -> String {
    String(text.map { $0 == "\r\n" || $0 == "\r" ? "\n" : $0 })
  }

  /// Where the first bytes are that are not UTF-8.
  private static func firstInvalid(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var position = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { position += UTF8.width(scalar) }
    return min(position, bytes.count - 1)
  }
}
