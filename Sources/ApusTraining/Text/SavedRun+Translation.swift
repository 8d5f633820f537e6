import ApusData
import ApusModels
import ApusNN
import ApusTensor

/// Texts and what a run makes of them, as `apus translate --json` prints it.
public struct TranslationReport: Sendable, Hashable, Encodable {
  /// A text and its translation.
  public struct Translation: Sendable, Hashable, Encodable {
    /// The text.
    public let text: String
    /// What the run makes of it.
    public let translation: String
    /// The symbols of the text.
    public let source: [String]
    /// The symbols of the translation.
    public let target: [String]
    /// The natural logarithm of the translation's probability.
    public let logProbability: Double
    /// The symbols of the text that the vocabulary does not have.
    public let unknown: [String]
    /// Of each symbol of the translation, and of its end, how much was looked at each symbol of the text; nil without
    /// attention.
    public let attention: [[Double]]?
  }

  /// The folder of the run.
  public let run: String
  /// The texts in their order.
  public let translations: [Translation]
}

extension SavedRun {
  /// The translations of texts.
  ///
  /// - Throws: ``TrainingError`` when the run does not translate, or a text is empty.
  public func translate(_ texts: [String], by search: BeamSearch) throws -> TranslationReport {
    let (model, vocabularies) = try translator()
    let text = configuration.dataOptions.text ?? TextConfiguration()
    let translations = try texts.map { given in
      let symbols = text.symbols(in: given, ofTarget: false)
      guard !symbols.isEmpty, symbols.count <= Self.longestText else {
        throw TrainingError(
          "the text", symbols.isEmpty ? "is empty" : "has \(symbols.count) symbols, more than \(Self.longestText)",
          advice: "give from 1 to \(Self.longestText) symbols")
      }
      let found = targets(of: [symbols], model, vocabularies, search, keepsWeights: model.attention != nil)[0]
      let target = found.numbers.map { vocabularies.target.symbols[Int($0)] }
      return TranslationReport.Translation(
        text: given, translation: vocabularies.target.unit.text(of: target), source: symbols, target: target,
        logProbability: found.logProbability, unknown: vocabularies.source.unknownSymbols(in: symbols),
        attention: found.weights.isEmpty
          ? nil : found.weights.map { $0.prefix(symbols.count).map { Double($0) } })
    }
    return TranslationReport(run: folder.path, translations: translations)
  }

  static let longestText = 4096

  /// How far the translations of the part that judges are from the right ones: `symbol_error_rate` (of sounds the phoneme
  /// error), `sequence_error_rate` (of pronunciations the word error), and where targets are words `bleu`.
  ///
  /// Every pair is judged, also those that were too long for the training.
  ///
  /// - Throws: `DataError`, `FormatError` or ``TrainingError`` when the data cannot be read.
  func judgedTranslations(on name: String?, by search: BeamSearch) throws -> [MetricValue] {
    let (model, vocabularies) = try translator()
    var options = configuration.dataOptions
    let isOwn = name == nil || name == configuration.data
    if !isOwn { options.testSplit = 0 }
    let text = options.text ?? TextConfiguration()
    let pairs = try options.pairParts(
      name ?? configuration.data, validationSplit: isOwn ? configuration.validationSplit : 0,
      seed: configuration.splitSeed ?? configuration.seed, in: .standard
    ).judging.pairs
    let sources = pairs.map { text.symbols(in: $0.source, ofTarget: false) }
    // Texts of similar length together, so that little is padding.
    let order = sources.indices.filter { !sources[$0].isEmpty }.sorted {
      (sources[$0].count, $0) < (sources[$1].count, $1)
    }
    var (errors, bleu) = (SequenceErrors(), BLEU())
    let size = max(64 / search.width, 8)
    for start in stride(from: 0, to: order.count, by: size) {
      let part = Array(order[start..<min(start + size, order.count)])
      let found = targets(of: part.map { sources[$0] }, model, vocabularies, search, keepsWeights: false)
      for (index, target) in zip(part, found) {
        let symbols = target.numbers.map { vocabularies.target.symbols[Int($0)] }
        errors.add(symbols, truth: text.symbols(in: pairs[index].target, ofTarget: true))
        let truth = text.lowercases == true ? pairs[index].target.lowercased() : pairs[index].target
        bleu.add(vocabularies.target.unit.text(of: symbols), reference: truth)
      }
    }
    let rates = [
      MetricValue("symbol_error_rate", errors.symbolErrorRate),
      MetricValue("sequence_error_rate", errors.sequenceErrorRate),
    ]
    return rates + (vocabularies.target.unit == .words ? [MetricValue("bleu", bleu.score)] : [])
  }

  /// Names of the metrics of ``judgedTranslations(on:by:)``.
  static let translationMetrics = ["symbol_error_rate", "sequence_error_rate", "bleu"]

  /// The likeliest targets of sources of at least one symbol, whose lengths are rounded up so that few plans are built.
  private func targets(
    of sources: [[String]], _ model: Translator, _ vocabularies: (source: Vocabulary, target: Vocabulary),
    _ search: BeamSearch, keepsWeights: Bool
  ) -> [BeamSearch.Target] {
    let longest = sources.map(\.count).max() ?? 1
    let step = max((configuration.model.inputShape[1] + 7) / 8, 1)
    let width = (longest + step - 1) / step * step
    var rows = [Int32](repeating: 0, count: sources.count * width)
    for (row, source) in sources.enumerated() {
      for (place, number) in vocabularies.source.numbers(of: source).enumerated() { rows[row * width + place] = number }
    }
    func special(_ symbol: String) -> Int32 { vocabularies.target.number(of: symbol) ?? 0 }
    return search.targets(
      of: HostArray(rows, shape: [sources.count, width]), by: model, start: special(Vocabulary.start),
      end: special(Vocabulary.end), excluding: [special(Vocabulary.padding), special(Vocabulary.unknown)],
      longest: sources.map { max(configuration.model.inputShape[1], 2 * $0.count) }, keepsWeights: keepsWeights)
  }

  private func translator() throws -> (Translator, (source: Vocabulary, target: Vocabulary)) {
    guard let model = model as? Translator, let source = configuration.preparation.vocabulary,
      let target = configuration.preparation.targetVocabulary
    else {
      throw TrainingError(
        folder.path, "the run is \(configuration.model.name), which does not translate",
        advice: "give the folder of a run of seq2seq")
    }
    return (model, (source, target))
  }
}
