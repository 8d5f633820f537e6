import ApusFormats

/// Verses of two modules of the SWORD Project, side by side.
///
/// A module keeps each testament in three files: `.bzs`, blocks of 3 x u32 (place in `.bzz`, compressed size, size);
/// `.bzv`, an entry for each verse and heading of 10 bytes (u32 block, u32 place in the block, u16 length); and `.bzz`, the
/// blocks, compressed by zlib. Numbers are little-endian. The two modules here count verses alike, but for the last books
/// of the New Testament.
enum ParallelVerses {
  /// The English module and the Spanish one.
  static let modules = ["engWEB2015eb", "spaRV1909eb"]
  /// The entries at the end of the New Testament that are left out.
  static let lastEntries = 450

  /// The verses that both have.
  ///
  /// - Throws: ``DataError`` when the modules have none in common; `FormatError` when a file is damaged.
  static func pairs(_ folder: String) throws -> [PairedTexts.Pair] {
    var pairs: [PairedTexts.Pair] = []
    for testament in ["ot", "nt"] {
      let sides = try modules.map { try verses("\(folder)/\($0)/\(testament)") }
      let count = max(min(sides[0].count, sides[1].count) - (testament == "nt" ? lastEntries : 0), 0)
      for (english, spanish) in zip(sides[0].prefix(count), sides[1].prefix(count)) {
        let (source, target) = (plain(english), plain(spanish))
        if !source.isEmpty, !target.isEmpty { pairs.append(PairedTexts.Pair(source, target)) }
      }
    }
    guard !pairs.isEmpty else {
      throw DataError(
        place: folder, problem: "the two texts have no verses in common",
        advice: "install the packages sword-text-web and sword-text-sparv again")
    }
    return pairs
  }

  /// The entries of a testament, with their markup.
  private static func verses(_ path: String) throws -> [String] {
    let (blocks, entries, content) = (try bytes(path + ".bzs"), try bytes(path + ".bzv"), try bytes(path + ".bzz"))
    for (file, size, found) in [(".bzs", 12, blocks.count), (".bzv", 10, entries.count)] where found % size != 0 {
      throw corrupt(path + file, "its \(found) bytes are no whole number of entries of \(size)")
    }
    let texts = try stride(from: 0, to: blocks.count, by: 12).map { place -> [UInt8] in
      let (start, size, full) = (number(blocks, place), number(blocks, place + 4), number(blocks, place + 8))
      guard start <= content.count, size <= content.count - start else {
        throw corrupt(path + ".bzs", "names bytes \(start) to \(start + size) of \(content.count)")
      }
      return try ZlibBlock.decompress(content[start..<start + size], count: full, file: path + ".bzz")
    }
    return try stride(from: 0, to: entries.count, by: 10).map { place in
      let (block, start) = (number(entries, place), number(entries, place + 4))
      let length = Int(entries[place + 8]) | Int(entries[place + 9]) << 8
      guard length > 0 else { return "" }
      guard block < texts.count, start <= texts[block].count, length <= texts[block].count - start else {
        throw corrupt(path + ".bzv", "entry \(place / 10) is outside its block")
      }
      return String(decoding: texts[block][start..<start + length], as: UTF8.self)
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] { try FileBytes.read(path).withBytes { Array($0) } }

  private static func number(_ bytes: [UInt8], _ place: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
  }

  private static func corrupt(_ path: String, _ problem: String) -> DataError {
    DataError(place: path, problem: problem, advice: "install the package again")
  }

  /// A verse without its notes, titles and tags, with single spaces.
  static func plain(_ markup: String) -> String {
    var text = ""
    var rest = Substring(markup)
    while let open = rest.firstIndex(of: "<") {
      text += rest[..<open]
      guard let close = rest[open...].firstIndex(of: ">") else { return single(text) }
      let tag = rest[rest.index(after: open)..<close]
      rest = rest[rest.index(after: close)...]
      guard !tag.hasSuffix("/"), let name = ["note", "title"].first(where: { tag == $0 || tag.hasPrefix($0 + " ") })
      else { continue }
      text += " "
      guard let end = rest.firstRange(of: "</\(name)>") else { return single(text) }
      rest = rest[end.upperBound...]
    }
    return single(text + rest)
  }

  private static func single(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
