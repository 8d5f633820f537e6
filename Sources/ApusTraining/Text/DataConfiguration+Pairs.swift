import ApusData
import ApusTensor

/// Pairs of texts in the parts that a training divides them into.
struct PairParts {
  let texts: PairedTexts
  /// The numbers of the pairs of each part.
  let train: [Int]
  let validation: [Int]
  let test: [Int]

  /// The part that judges a run: the test part, else the validation part, else all there is.
  var judging: (name: String, pairs: [PairedTexts.Pair]) {
    let (name, indices) =
      !test.isEmpty ? ("test", test) : !validation.isEmpty ? ("validation", validation) : ("train", train)
    return (name, indices.map { texts.pairs[$0] })
  }
}

extension DataConfiguration {
  /// This configuration with the blanks of pairs of texts filled in.
  ///
  /// - Throws: ``TrainingError`` when there are options of other data; `DataError` when a number is impossible.
  func completedForPairs(_ model: String, _ data: String) throws -> DataConfiguration {
    var (plain, full) = (self, self)
    (plain.text, plain.testSplit, plain.csv.kind) = (nil, 0, nil)
    guard plain == .usual else {
      throw TrainingError(
        "the options of tables and pictures", "are not for \(model), which reads pairs of texts",
        advice: "leave --target, --image-size, --normalize, --augment and the like out")
    }
    let named = NamedPairs(rawValue: data.lowercased())
    full.text = try (text ?? TextConfiguration()).completed(
      units: named == .cmudict ? (.characters, .tokens) : (.words, .words))
    return full
  }

  /// Pairs of texts in their parts, chosen by a seed as those of other data.
  ///
  /// - Throws: `DataError` or `FormatError` when texts cannot be read or a part would be empty.
  func pairParts(
    _ name: String, validationSplit: Double, seed: UInt64, in folders: DataFolders
  ) throws -> PairParts {
    let texts = try PairedTexts(name, in: folders)
    let parts = try partsOfTexts(name, count: texts.pairs.count, validationSplit: validationSplit, seed: seed)
    return PairParts(
      texts: texts, train: parts.train, validation: parts.validation ?? [], test: parts.test ?? [])
  }

  /// Pairs of texts as samples; pairs longer than the window are left out.
  ///
  /// - Parameter fitted: the vocabularies of a saved run; nil takes the symbols of the training part.
  /// - Throws: `DataError` or `FormatError` when texts cannot be read or a part would be empty.
  func loadPairs(
    _ name: String, _ text: TextConfiguration, validationSplit: Double, seed: UInt64, fitted: Preparation?,
    in folders: DataFolders
  ) throws -> PreparedData {
    let parts = try pairParts(name, validationSplit: validationSplit, seed: seed, in: folders)
    let window = text.window ?? 64
    let symbols = parts.texts.pairs.map {
      (source: text.symbols(in: $0.source, ofTarget: false), target: text.symbols(in: $0.target, ofTarget: true))
    }
    // Of words a pair may consist of nothing that has a symbol.
    let fits = symbols.map { pair in
      !pair.source.isEmpty && !pair.target.isEmpty && max(pair.source.count, pair.target.count) <= window
    }
    let left = fits.count { !$0 }
    guard left < fits.count, parts.train.contains(where: { fits[$0] }) else {
      throw DataError(
        place: name, problem: "all pairs are longer than \(window) symbols", advice: "give a larger --window")
    }
    let kept = parts.train.filter { fits[$0] }
    let vocabularies = (
      source: fitted?.vocabulary
        ?? text.vocabulary(of: kept.lazy.flatMap { symbols[$0].source }, ofTargets: false),
      target: fitted?.targetVocabulary
        ?? text.vocabulary(of: kept.lazy.flatMap { symbols[$0].target }, ofTargets: true)
    )
    try checkKnown([vocabularies.source, vocabularies.target], name)
    let width = symbols.indices.filter { fits[$0] }.map { max(symbols[$0].source.count, symbols[$0].target.count) }
    let longest = (width.max() ?? 1) + 1
    func part(_ indices: [Int], _ suffix: String) throws -> Dataset? {
      let found = indices.filter { fits[$0] }
      guard !found.isEmpty else { return nil }
      return try PairedTexts.dataset(
        name: name + suffix, found.map { symbols[$0] }, vocabularies: vocabularies, width: longest)
    }
    guard let train = try part(parts.train, "") else {
      throw DataError(place: name, problem: "holds no pairs of texts", advice: "give a file with some")
    }
    let skipped =
      left == 0
      ? []
      : [
        DataError(
          place: name, problem: "\(left) of \(fits.count) pairs are empty or longer than \(window) symbols",
          advice: "give a larger --window to keep longer ones")
      ]
    var data = PreparedData(
      name: name, train: train, validation: try part(parts.validation, " validation"),
      test: try part(parts.test, " test"),
      preparation: Preparation(vocabulary: vocabularies.source, targets: vocabularies.target), skipped: skipped)
    (data.setsTestAside, data.setsValidationAside) = (data.test != nil, data.validation != nil)
    return data
  }
}
