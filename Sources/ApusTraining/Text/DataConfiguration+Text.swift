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
    // The parts are chosen from the numbers of the texts: the vocabulary is the training part's.
    let numbers = (0..<texts.texts.count).map { Int32($0) }
    var train = try Dataset(
      name: name, inputs: HostArray(numbers, shape: [numbers.count, 1]),
      targets: HostArray(texts.labels, shape: [numbers.count]), classNames: texts.classNames)
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
    let vocabulary = fitted ?? text.vocabulary(of: indices(train).lazy.flatMap { symbols[$0] })
    func part(_ part: Dataset) throws -> Dataset {
      try texts.dataset(
        name: part.name, indices(part), symbols: symbols, vocabulary: vocabulary, window: text.window ?? 1)
    }
    var data = PreparedData(
      name: name, train: try part(train), validation: try validation.map(part), test: try test.map(part),
      preparation: Preparation(vocabulary: vocabulary), skipped: [])
    (data.setsTestAside, data.setsValidationAside) = (test != nil, validation != nil)
    return data
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
    return PreparedData(
      name: name, train: train, validation: try part(training..<training + validation, " validation"),
      test: try part(training + validation..<symbols.count, " test"), preparation: Preparation(vocabulary: vocabulary),
      skipped: [])
  }
}
