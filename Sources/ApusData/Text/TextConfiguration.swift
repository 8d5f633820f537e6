/// How a text becomes samples for a language model; what is nil takes the usual value.
public struct TextConfiguration: Sendable, Hashable, Codable {
  /// What the text is cut into.
  public var unit: TextUnit?
  /// What the targets of pairs of texts are cut into; nil for other data.
  public var targetUnit: TextUnit?
  /// Symbols of a sample: as far as the gradient goes back in time.
  public var window: Int?
  /// How often a symbol must occur to have a number of its own.
  public var minimumCount: Int?
  /// How many symbols there are at most.
  public var limit: Int?
  /// Whether capital letters become small ones.
  public var lowercases: Bool?
  /// Into how many parts of equal length one long text is cut, which are read side by side: the samples of a batch; nil
  /// where every text is a sample.
  public var streams: Int?

  private enum CodingKeys: String, CodingKey {
    case unit, window, limit, lowercases, streams
    case minimumCount = "minimum_count"
    case targetUnit = "target_unit"
  }

  /// The usual configuration.
  public init() {}

  /// This configuration with every blank filled in for a unit and a number of streams.
  ///
  /// Characters: windows of 64, characters that occur at least 5 times. Words: windows of 35, words that occur at least 3
  /// times. Texts with classes: at most 64 words of each, that occur at least twice.
  ///
  /// - Throws: ``DataError`` when a number is impossible.
  public func completed(unit: TextUnit, streams: Int?) throws -> TextConfiguration {
    var full = self
    full.unit = unit
    full.streams = streams
    full.window = window ?? (unit == .characters || streams == nil ? 64 : 35)
    full.minimumCount = minimumCount ?? (streams == nil ? 2 : unit == .characters ? 5 : 3)
    full.lowercases = lowercases ?? false
    try full.check()
    return full
  }

  /// This configuration with every blank filled in for pairs of texts: at most 64 symbols of each, words that occur at
  /// least twice, characters and tokens however rare.
  ///
  /// - Parameter units: what the data's sources and targets are cut into, unless it is said.
  /// - Throws: ``DataError`` when a number is impossible.
  public func completed(units: (source: TextUnit, target: TextUnit)) throws -> TextConfiguration {
    var full = self
    (full.unit, full.targetUnit) = (unit ?? units.source, targetUnit ?? units.target)
    (full.window, full.lowercases) = (window ?? 64, lowercases ?? false)
    try full.check()
    return full
  }

  private func check() throws {
    let numbers = [("--window", window), ("--minimum-count", minimumCount), ("--vocabulary", limit.map { $0 - 1 })]
    for (option, value) in numbers {
      guard let value, !(1...(1 << 24)).contains(value) else { continue }
      throw DataError(
        place: option, problem: "cannot be \(option == "--vocabulary" ? value + 1 : value)",
        advice: "choose a whole number from \(option == "--vocabulary" ? 2 : 1) to \(1 << 24)")
    }
  }

  /// The symbols of a text.
  public func symbols(in text: String) -> [String] {
    (unit ?? .characters).symbols(in: text, lowercases: lowercases ?? false)
  }

  /// The vocabulary of a text's symbols.
  public func vocabulary(of symbols: some Sequence<String>) -> Vocabulary {
    let unit = unit ?? .characters
    let special = streams == nil ? [Vocabulary.padding] : []
    return Vocabulary(
      of: symbols, unit: unit,
      special: special + (unit == .words ? [Vocabulary.unknown, Vocabulary.end] : [Vocabulary.unknown]),
      minimumCount: minimumCount ?? 1, limit: limit)
  }

  /// The symbols of the source or the target of a pair: of words the ends of sentences inside a text are left out.
  public func symbols(in text: String, ofTarget: Bool) -> [String] {
    let unit = (ofTarget ? targetUnit : unit) ?? .words
    let symbols = unit.symbols(in: text, lowercases: lowercases ?? false)
    return unit == .words ? symbols.filter { $0 != Vocabulary.end } : symbols
  }

  /// The vocabulary of the sources or the targets of pairs: padding 0, unknown symbols, and of targets start and end.
  public func vocabulary(of symbols: some Sequence<String>, ofTargets: Bool) -> Vocabulary {
    let unit = (ofTargets ? targetUnit : unit) ?? .words
    return Vocabulary(
      of: symbols, unit: unit,
      special: [Vocabulary.padding, Vocabulary.unknown] + (ofTargets ? [Vocabulary.start, Vocabulary.end] : []),
      minimumCount: minimumCount ?? (unit == .words ? 2 : 1), limit: limit)
  }
}
