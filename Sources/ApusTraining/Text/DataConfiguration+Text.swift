import ApusData
import ApusModels
import ApusTensor

extension DataConfiguration {
  /// This configuration with the blanks of a text filled in, for a model of texts; for other models as it is.
  ///
  /// - Throws: ``TrainingError`` when there are options of texts and the model takes none, or the other way round;
  ///   `DataError` when a number is impossible.
  func completed(
    for model: String, on data: String, _ samples: ModelCatalog.Entry.Samples, batchSize: Int
  ) throws -> DataConfiguration {
    if samples == .series { return try completedForSeries(model) }
    guard series == nil else {
      throw TrainingError(
        "--horizon", "is for forecasts, and \(model) makes none", advice: "leave it out, or train forecaster")
    }
    if samples == .pairs { return try completedForPairs(model, data) }
    guard samples != .arrays else {
      guard text == nil else {
        throw TrainingError(
          "--window, --minimum-count, --vocabulary or --lowercase",
          "is for models of texts, and \(model) is none",
          advice: "leave it out, or train charlm, wordlm, textclassifier or seq2seq")
      }
      return self
    }
    var (plain, full) = (self, self)
    (plain.text, plain.testSplit, plain.csv.kind) = (nil, 0, nil)
    guard plain == .usual else {
      throw TrainingError(
        "the options of tables and pictures", "are not for \(model), which reads a text",
        advice: "leave --target, --image-size, --normalize, --augment and the like out")
    }
    guard text?.unit == nil, text?.targetUnit == nil else {
      throw TrainingError(
        "--source-unit or --target-unit", "is for pairs of texts, and \(model) reads none",
        advice: "leave it out, or train seq2seq")
    }
    full.text = try (text ?? TextConfiguration()).completed(
      unit: samples == .characters ? .characters : .words, streams: samples == .labelledWords ? nil : batchSize)
    return full
  }

  /// Texts with classes in their parts, chosen by a seed as those of other data.
  ///
  /// - Parameter fitted: the vocabulary of a saved run; nil takes the symbols of the training part.
  /// - Throws: `DataError` or `FormatError` when texts cannot be read or a part would be empty.
  func loadLabelledTexts(
    _ name: String, _ text: TextConfiguration, validationSplit: Double, seed: UInt64, vocabulary fitted: Vocabulary?
  ) throws -> PreparedData {
    let texts = try LabelledTexts(name)
    let symbols = texts.texts.map { text.symbols(in: $0) }
    let parts = try partsOfTexts(
      name, count: texts.texts.count, classes: (texts.labels, texts.classNames), validationSplit: validationSplit,
      seed: seed)
    let vocabulary = fitted ?? text.vocabulary(of: parts.train.lazy.flatMap { symbols[$0] })
    try checkKnown([vocabulary], name)
    func part(_ indices: [Int], _ suffix: String) throws -> Dataset {
      try texts.dataset(
        name: name + suffix, indices, symbols: symbols, vocabulary: vocabulary, window: text.window ?? 1)
    }
    var data = PreparedData(
      name: name, train: try part(parts.train, ""),
      validation: try parts.validation.map { try part($0, " validation") },
      test: try parts.test.map { try part($0, " test") }, preparation: Preparation(vocabulary: vocabulary), skipped: [])
    (data.setsTestAside, data.setsValidationAside) = (parts.test != nil, parts.validation != nil)
    return data
  }

  /// The numbers of texts in the parts that a training divides them into, chosen by a seed as the samples of other data: what
  /// is fitted to the training part, such as a vocabulary, needs the parts before there are samples.
  ///
  /// - Parameter classes: the class of each text, of which all parts get their share; nil for texts without classes.
  /// - Throws: `DataError` when a part would be empty.
  func partsOfTexts(
    _ name: String, count: Int, classes: (labels: [Int32], names: [String])? = nil, validationSplit: Double,
    seed: UInt64
  ) throws -> (train: [Int], validation: [Int]?, test: [Int]?) {
    let numbers = HostArray((0..<count).map { Int32($0) }, shape: [count, 1])
    let targets = classes.map { HostArray($0.labels, shape: [count]) }
    var train = try Dataset(
      name: name, inputs: numbers, targets: targets ?? HostArray([Float](repeating: 0, count: count), shape: [count]),
      classNames: classes?.names ?? [])
    var (validation, test): (Dataset?, Dataset?) = (nil, nil)
    if testSplit > 0 {
      let parts = try train.split(test: testSplit, seed: seed)
      (train, test) = (parts.rest, parts.test)
    }
    if validationSplit > 0 {
      let parts = try train.split(validation: validationSplit, seed: seed)
      (train, validation) = (parts.training, parts.validation)
    }
    func indices(_ part: Dataset) -> [Int] { part.inputs.scalars(as: Int32.self).map(Int.init) }
    return (indices(train), validation.map(indices), test.map(indices))
  }

  /// Refuses vocabularies of nothing but special symbols, of which a model learns nothing.
  func checkKnown(_ vocabularies: [Vocabulary], _ name: String) throws {
    guard vocabularies.allSatisfy(\.knowsSymbols) else {
      throw DataError(
        place: name, problem: "no symbol occurs often enough to be in the vocabulary",
        advice: "give more text, a smaller --minimum-count or a larger --vocabulary")
    }
  }

  /// A text in its parts, one after the other: training, validation, test.
  ///
  /// - Parameter vocabulary: that of a saved run; nil takes the symbols of the training part.
  /// - Throws: `DataError` or `FormatError` when the text cannot be read or is too short.
  func loadText(
    _ name: String, _ text: TextConfiguration, validationSplit: Double, vocabulary fitted: Vocabulary?
  ) throws -> PreparedData {
    let symbols = text.symbols(in: try TextCorpus.read(name))
    let test = Int(Double(symbols.count) * testSplit)
    let validation = Int(Double(symbols.count - test) * validationSplit)
    let training = symbols.count - test - validation
    let vocabulary = fitted ?? text.vocabulary(of: symbols[..<training])
    guard vocabulary.unit == text.unit else {
      throw TrainingError(
        name, "is cut into \(text.unit?.rawValue ?? "symbols"), the run's vocabulary is of \(vocabulary.unit.rawValue)",
        advice: "train into another folder")
    }
    let window = text.window ?? 1
    func part(_ range: Range<Int>, _ suffix: String) throws -> Dataset? {
      if range.isEmpty, !suffix.isEmpty { return nil }
      return try TextStreams.dataset(
        name: name + suffix, numbers: vocabulary.numbers(of: symbols[range]), symbolCount: vocabulary.count,
        streams: text.streams ?? 1, window: window)
    }
    guard let train = try part(0..<training, "") else {
      throw DataError(place: name, problem: "holds no text", advice: "give a file with some")
    }
    try checkKnown([vocabulary], name)
    return PreparedData(
      name: name, train: train, validation: try part(training..<training + validation, " validation"),
      test: try part(training + validation..<symbols.count, " test"), preparation: Preparation(vocabulary: vocabulary),
      skipped: [])
  }
}
