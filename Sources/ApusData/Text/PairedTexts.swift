import ApusFormats
import ApusTensor

/// Texts in pairs, a source and a target: words and their sounds, sentences and their translations.
public struct PairedTexts: Sendable, Hashable {
  /// A source and its target.
  public struct Pair: Sendable, Hashable {
    /// What is given.
    public let source: String
    /// What it is to become.
    public let target: String

    /// A pair.
    public init(_ source: String, _ target: String) { (self.source, self.target) = (source, target) }
  }

  /// What messages call them.
  public let name: String
  /// The pairs in their order.
  public let pairs: [Pair]
  /// What the sources are cut into, unless somebody says so.
  public let sourceUnit: TextUnit
  /// What the targets are cut into, unless somebody says so.
  public let targetUnit: TextUnit

  /// Pairs of texts.
  public init(name: String, pairs: [Pair], sourceUnit: TextUnit = .words, targetUnit: TextUnit = .words) {
    (self.name, self.pairs, self.sourceUnit, self.targetUnit) = (name, pairs, sourceUnit, targetUnit)
  }

  /// Those of a data set by its name (``NamedPairs``), or of a file of lines `source`, tab, `target`.
  ///
  /// - Throws: ``DataError`` when a line is none, or a named data set is not there; `FormatError` when a file cannot be
  ///   read.
  public init(_ nameOrPath: String, in folders: DataFolders = .standard) throws {
    if let named = NamedPairs(rawValue: nameOrPath.lowercased()) {
      self = try named.load(in: folders)
      return
    }
    guard DataFolders.kind(nameOrPath) != .folder else {
      throw DataError(
        place: nameOrPath, problem: "is a folder", advice: "give a file of lines of a source, a tab and a target")
    }
    let text = try TextCorpus.read(nameOrPath)
    let pairs = try text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
      number, line -> Pair? in
      guard line.contains(where: { !$0.isWhitespace }) else { return nil }
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ $0.contains { !$0.isWhitespace } }) else {
        throw DataError(
          place: nameOrPath, problem: "line \(number + 1) is not a source, a tab and a target",
          advice: "write every pair on a line of its own, such as: good morning<tab>buenos días")
      }
      return Pair(String(parts[0]), String(parts[1]))
    }
    self.init(name: nameOrPath, pairs: pairs)
  }

  /// The pairs as samples: the numbers of the source's symbols, and of the target's after a start, each padded with 0 to one
  /// width; what is to be predicted is the target and its end.
  ///
  /// - Parameters:
  ///   - pairs: the symbols of each pair, none longer than the width allows, which one more than a target's symbols fill.
  ///   - vocabularies: of the sources and of the targets.
  /// - Throws: ``DataError`` when there are none.
  public static func dataset(
    name: String, _ pairs: [(source: [String], target: [String])],
    vocabularies: (source: Vocabulary, target: Vocabulary),
    width: Int
  ) throws -> Dataset {
    let start = vocabularies.target.number(of: Vocabulary.start) ?? 0
    let end = vocabularies.target.number(of: Vocabulary.end) ?? 0
    var (inputs, targets) = (
      [Int32](repeating: 0, count: pairs.count * 2 * width), [Int32](repeating: 0, count: pairs.count * width)
    )
    for (row, pair) in pairs.enumerated() {
      precondition(max(pair.source.count, pair.target.count + 1) <= width, "a pair is longer than \(width) symbols")
      let (source, target) = (
        vocabularies.source.numbers(of: pair.source), vocabularies.target.numbers(of: pair.target)
      )
      for (step, number) in source.enumerated() { inputs[row * 2 * width + step] = number }
      for (step, number) in ([start] + target).enumerated() { inputs[(row * 2 + 1) * width + step] = number }
      for (step, number) in (target + [end]).enumerated() { targets[row * width + step] = number }
    }
    return try Dataset(
      name: name, pairs: HostArray(inputs, shape: [pairs.count, 2, width]),
      symbolCounts: (vocabularies.source.count, vocabularies.target.count),
      targets: HostArray(targets, shape: [pairs.count, width]),
      lengths: pairs.map { Int32(max($0.source.count, $0.target.count + 1)) })
  }
}

extension Dataset {
  /// A data set of pairs of sequences of symbols, such as texts and their translations.
  ///
  /// - Parameters:
  ///   - pairs: i32 `[N, 2, T]`: the source, and the target after a start, both padded with the symbol 0.
  ///   - symbolCounts: how many symbols sources and targets have.
  ///   - targets: i32 `[N, T]`: the target and an end, padded with 0.
  ///   - lengths: the longer of both before the padding; batches have samples of similar length.
  /// - Throws: ``DataError`` when there are no samples, types or shapes are others, or a number is outside its range.
  public init(
    name: String, pairs: HostArray, symbolCounts: (source: Int, target: Int), targets: HostArray, lengths: [Int32]
  ) throws {
    let shape = pairs.shape
    guard pairs.dtype == .int32, shape.rank == 3, shape[1] == 2, shape.elementCount > 0,
      targets.type == TensorType([shape[0], shape[2]], .int32), lengths.count == shape[0]
    else {
      throw DataError(
        place: name,
        problem: "its pairs are \(pairs.type), its targets \(targets.type) and its lengths \(lengths.count)",
        advice: "give pairs i32 [N, 2, T], targets i32 [N, T] and a length for each")
    }
    let width = shape[2]
    let numbers = pairs.scalars(as: Int32.self)
    let bad =
      numbers.indices.first { index in
        let count = index / width % 2 == 0 ? symbolCounts.source : symbolCounts.target
        return numbers[index] < 0 || Int(numbers[index]) >= count
      }.map { numbers[$0] } ?? targets.scalars(as: Int32.self).first { $0 < 0 || Int($0) >= symbolCounts.target }
    if let bad {
      throw DataError(
        place: name, problem: "holds the number \(bad), which no symbol has", advice: "number symbols from 0")
    }
    guard lengths.allSatisfy({ $0 >= 1 && Int($0) <= width }) else {
      throw DataError(place: name, problem: "a length is not from 1 to \(width)", advice: "count what is not padding")
    }
    self.init(
      unchecked: name, SampleRows(pairs), SampleRows(targets), [], symbolCount: symbolCounts.target, lengths: lengths,
      sourceSymbolCount: symbolCounts.source)
  }
}
