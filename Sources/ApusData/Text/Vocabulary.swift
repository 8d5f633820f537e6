/// The symbols of a text, each with a number: characters or words that occur often enough, after the special ones.
///
/// Fitted to the training part and saved with the run, so that later text is read with the same numbers.
///
/// ```swift
/// let vocabulary = Vocabulary(of: TextUnit.words.symbols(in: text), unit: .words, minimumCount: 3)
/// let numbers = vocabulary.numbers(of: ["the", "cat"])     // words that are not known become <unk>
/// ```
public struct Vocabulary: Sendable, Hashable, Codable {
  /// Stands for everything that is not in a vocabulary.
  public static let unknown = "<unk>"
  /// Stands between the sentences of a text of words.
  public static let end = "<eos>"
  /// Stands after the end of a sequence that is shorter than others; its number is 0.
  public static let padding = "<pad>"
  /// Stands before the first symbol of a sequence.
  public static let start = "<bos>"

  /// What symbols are.
  public let unit: TextUnit
  /// The symbols by number.
  public let symbols: [String]
  private let indices: [String: Int32]

  /// A vocabulary of the given symbols, one of which is ``unknown``.
  ///
  /// - Precondition: no symbol stands there twice.
  public init(unit: TextUnit, symbols: [String]) {
    self.unit = unit
    self.symbols = symbols
    indices = Dictionary(symbols.enumerated().map { ($1, Int32($0)) }) { _, _ in
      preconditionFailure("a symbol occurs twice in a vocabulary")
    }
  }

  /// The symbols of a text that occur often enough, the most frequent first; equally frequent ones in the order of their
  /// code points.
  ///
  /// - Parameters:
  ///   - special: symbols of their own, before all others.
  ///   - minimumCount: how often a symbol must occur.
  ///   - limit: how many symbols there are at most, special ones included; nil for any number.
  public init(
    of text: some Sequence<String>, unit: TextUnit, special: [String] = [unknown], minimumCount: Int = 1,
    limit: Int? = nil
  ) {
    var counts: [String: Int] = [:]
    for symbol in text { counts[symbol, default: 0] += 1 }
    for symbol in special { counts[symbol] = nil }
    let kept = counts.filter { $0.value >= minimumCount }.sorted {
      $0.value == $1.value
        ? $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) : $0.value > $1.value
    }
    let most = max((limit ?? .max) - special.count, 0)
    self.init(unit: unit, symbols: special + kept.prefix(most).map(\.key))
  }

  /// The number of symbols.
  public var count: Int { symbols.count }

  /// Whether there are symbols of the text besides the special ones.
  public var knowsSymbols: Bool {
    symbols.contains { ![Self.unknown, Self.end, Self.padding, Self.start].contains($0) }
  }

  /// The number of a symbol; nil when it is not known.
  public func number(of symbol: String) -> Int32? { indices[symbol] }

  /// The numbers of symbols; those that are not known have the one of ``unknown``.
  public func numbers(of text: some Sequence<String>) -> [Int32] {
    let unknown = indices[Self.unknown] ?? 0
    return text.map { indices[$0] ?? unknown }
  }

  /// The symbols that are not known, each once, in their order.
  public func unknownSymbols(in text: some Sequence<String>) -> [String] {
    var seen: Set<String> = []
    return text.filter { indices[$0] == nil && seen.insert($0).inserted }
  }

  private enum CodingKeys: String, CodingKey { case unit, symbols }

  /// Reads what a run saved.
  ///
  /// - Throws: `DecodingError` when a symbol stands there twice, or there is none.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let symbols = try values.decode([String].self, forKey: .symbols)
    guard !symbols.isEmpty, Set(symbols).count == symbols.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .symbols, in: values, debugDescription: "a vocabulary needs symbols that differ")
    }
    self.init(unit: try values.decode(TextUnit.self, forKey: .unit), symbols: symbols)
  }

  /// Writes unit and symbols.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(unit, forKey: .unit)
    try values.encode(symbols, forKey: .symbols)
  }

  /// Whether two vocabularies have the same symbols with the same numbers.
  public static func == (a: Vocabulary, b: Vocabulary) -> Bool { a.unit == b.unit && a.symbols == b.symbols }
  /// Feeds the symbols.
  public func hash(into hasher: inout Hasher) { hasher.combine(symbols) }
}
