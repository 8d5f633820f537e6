import ApusFormats
import ApusTensor

/// Texts that belong to classes: lines of a file, or files in a folder for each class.
public struct LabelledTexts: Sendable {
  /// Names of the classes, in the order of their code points.
  public let classNames: [String]
  /// The class of each text.
  public let labels: [Int32]
  /// The texts.
  public let texts: [String]

  /// Reads a file of lines `class`, tab, `text`; or a folder that has a folder of text files for each class.
  ///
  /// - Throws: ``DataError`` when a line has no tab, class or text, or there are not two classes; `FormatError` when a file
  ///   cannot be read.
  public init(_ path: String) throws {
    var rows: [(name: String, text: String)] = []
    if DataFolders.kind(path) == .folder {
      for folder in try FolderListing(path).folders {
        let files = try FolderListing(folder.path).entries.filter { TextCorpus.isNamedAsText($0) }
        for file in files { rows.append((folder.name, try TextCorpus.read(file.path))) }
      }
    } else {
      rows = try Self.lines(try TextCorpus.read(path), path)
    }
    let names = Set(rows.map(\.name)).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    guard names.count >= 2 else {
      throw DataError(
        place: path, problem: names.isEmpty ? "holds no texts with classes" : "all texts are of class '\(names[0])'",
        advice: "give lines of a class, a tab and a text, or a folder with a folder of text files for each class")
    }
    let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    classNames = names
    labels = rows.map { numbers[$0.name] ?? 0 }
    texts = rows.map(\.text)
  }

  private static func lines(_ text: String, _ path: String) throws -> [(name: String, text: String)] {
    try text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
      guard line.contains(where: { !$0.isWhitespace }) else { return nil }
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ $0.contains { !$0.isWhitespace } }) else {
        throw DataError(
          place: path, problem: "line \(number + 1) is not a class, a tab and a text",
          advice: "write every text on a line of its own, such as: good<tab>I liked it")
      }
      return (String(parts[0]), String(parts[1]))
    }
  }

  /// The texts as samples: numbers of symbols, cut to `window` and padded with 0 behind.
  ///
  /// - Parameters:
  ///   - indices: which texts.
  ///   - symbols: the symbols of every text.
  /// - Throws: ``DataError`` when there are none.
  public func dataset(
    name: String, _ indices: [Int], symbols: [[String]], vocabulary: Vocabulary, window: Int
  ) throws -> Dataset {
    let rows = indices.map { vocabulary.numbers(of: symbols[$0].prefix(window)) }
    let array = HostArray(type: TensorType([rows.count, window], .int32)) { bytes in
      let target = bytes.bindMemory(to: Int32.self)
      target.initialize(repeating: 0)
      for (index, row) in rows.enumerated() {
        for (step, number) in row.enumerated() { target[index * window + step] = number }
      }
    }
    return try Dataset(
      name: name, symbols: array, symbolCount: vocabulary.count,
      targets: HostArray(indices.map { labels[$0] }, shape: [indices.count]), classNames: classNames,
      lengths: rows.map { Int32($0.count) })
  }
}
