import ApusFormats

/// Pairs of texts that can be named.
public enum NamedPairs: String, Sendable, CaseIterable {
  /// English words, letter by letter, and their sounds: the first pronunciation of each word of CMUdict.
  case cmudict
  /// Verses of the World English Bible and of the Reina-Valera of 1909.
  case englishSpanish = "english-spanish"

  func load(in folders: DataFolders) throws -> PairedTexts {
    let entry = entry(folders)
    guard let found = entry.found else { throw entry.missing() }
    switch self {
    case .cmudict:
      let path = "\(found)/\(PronouncingDictionary.fileName)"
      return PairedTexts(
        name: rawValue, pairs: try PronouncingDictionary.pairs(path), sourceUnit: .characters, targetUnit: .tokens)
    case .englishSpanish: return PairedTexts(name: rawValue, pairs: try ParallelVerses.pairs(found))
    }
  }

  func entry(_ folders: DataFolders) -> DataCatalog.Entry {
    switch self {
    case .cmudict:
      DataCatalog.Entry(
        name: rawValue, summary: "English words and their sounds, about 125,000 pairs of texts, for seq2seq",
        places: folders.candidates(rawValue, others: ["/usr/share/pocketsphinx/model/en-us"]),
        command: "sudo apt-get install pocketsphinx-en-us", licence: "BSD-2 (Carnegie Mellon University)",
        isPresent: { DataFolders.kind("\($0)/\(PronouncingDictionary.fileName)") == .file })
    case .englishSpanish:
      DataCatalog.Entry(
        name: rawValue, summary: "English and Spanish verses, about 30,000 pairs of texts, for seq2seq",
        places: folders.candidates(rawValue, others: ["/usr/share/sword/modules/texts/ztext"]),
        command: "sudo apt-get install sword-text-web sword-text-sparv", licence: "public domain",
        isPresent: { folder in
          ParallelVerses.modules.allSatisfy { DataFolders.kind("\(folder)/\($0)/nt.bzz") == .file }
        })
    }
  }
}

/// A pronouncing dictionary: lines of a word and its sounds, with spaces between them.
enum PronouncingDictionary {
  static let fileName = "cmudict-en-us.dict"

  /// The words with their first pronunciations; further ones, `word(2)`, are left out.
  ///
  /// - Throws: ``DataError`` when a line is no entry; `FormatError` when the file cannot be read.
  static func pairs(_ path: String) throws -> [PairedTexts.Pair] {
    let text = try TextCorpus.read(path)
    return try text.split(separator: "\n").enumerated().compactMap { number, line in
      guard let space = line.firstIndex(of: " "), space > line.startIndex,
        line[space...].contains(where: { !$0.isWhitespace })
      else {
        throw DataError(
          place: path, problem: "line \(number + 1) is not a word and its sounds",
          advice: "install the package again")
      }
      let word = line[..<space]
      guard !word.hasSuffix(")") || !word.contains("(") else { return nil }
      return PairedTexts.Pair(String(word), String(line[line.index(after: space)...]))
    }
  }
}
