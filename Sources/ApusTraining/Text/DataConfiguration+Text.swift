import ApusData
import ApusModels

extension DataConfiguration {
  /// This configuration with the blanks of a text filled in, for a model of texts; for other models as it is.
  ///
  /// - Throws: ``TrainingError`` when there are options of texts and the model takes none, or the other way round;
  ///   `DataError` when a number is impossible.
  func completed(
    for model: String, _ samples: ModelCatalog.Entry.Samples, batchSize: Int
  ) throws -> DataConfiguration {
    guard samples != .arrays else {
      guard text == nil else {
        throw TrainingError(
          "--window, --minimum-count, --vocabulary or --lowercase",
          "is for models of texts, and \(model) is none", advice: "leave it out, or train charlm or wordlm")
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
    full.text = try (text ?? TextConfiguration()).completed(
      unit: samples == .words ? .words : .characters, streams: batchSize)
    return full
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
