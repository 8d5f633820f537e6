import ApusData

/// How a training reads, divides and prepares its data: what `apus train` takes as options and `config.json` keeps.
public struct DataConfiguration: Sendable, Hashable, Codable {
  /// How a CSV file is read.
  public var csv: CSVOptions
  /// How pictures in files are read; nil takes the usual options.
  public var images: ImageOptions?
  /// How inputs are normalised.
  public var normalization: NormalizationMethod
  /// How the targets of a regression are scaled while a network learns them.
  public var targetScaling: NormalizationMethod
  /// Random changes of training pictures; nil leaves them as they are.
  public var augmentation: Augmentation?
  /// The part of the samples set aside for the test, when the data have no test part of their own; 0 sets nothing aside.
  public var testSplit: Double
  /// How a text becomes samples; nil for other data.
  public var text: TextConfiguration?
  /// How the rows of a table become windows of a series; nil for other data.
  public var series: SeriesConfiguration?
  private enum CodingKeys: String, CodingKey {
    case csv, images, normalization, augmentation, text, series
    case targetScaling = "target_scaling"
    case testSplit = "test_split"
  }

  /// A configuration.
  ///
  /// - Throws: ``TrainingError`` or `DataError` when a number is impossible.
  public init(
    csv: CSVOptions = CSVOptions(), images: ImageOptions = .usual, normalization: NormalizationMethod = .standard,
    targetScaling: NormalizationMethod = .standard, augmentation: Augmentation? = nil, testSplit: Double = 0,
    text: TextConfiguration? = nil, series: SeriesConfiguration? = nil
  ) throws {
    guard testSplit >= 0, testSplit < 1 else {
      throw TrainingError.impossible("--test-split", testSplit, "at least 0 and below 1")
    }
    try augmentation?.validate()
    self.csv = csv
    self.images = images == .usual ? nil : images
    self.normalization = normalization
    self.targetScaling = targetScaling
    self.augmentation = augmentation
    self.testSplit = testSplit
    (self.text, self.series) = (text, series)
  }

  private init() {
    (csv, normalization, targetScaling, testSplit) = (CSVOptions(), .standard, .standard, 0)
  }

  /// The usual configuration.
  public static let usual = DataConfiguration()

  /// The parts of a data set and what is fitted to its training part.
  ///
  /// - Parameters:
  ///   - name: a data set's name, or a path.
  ///   - validationSplit: the part of what remains after the test part that is set aside for validation, when the data
  ///     have no validation part of their own; 0 sets nothing aside.
  ///   - seed: which samples are set aside.
  ///   - fitted: what a saved run was fitted to; nil fits it to the training part.
  /// - Throws: `DataError` or `FormatError` when the data cannot be read or do not fit; ``TrainingError`` when pictures
  ///   are to be changed and there are none.
  public func load(
    _ name: String, validationSplit: Double, seed: UInt64, fitted: Preparation? = nil,
    in folders: DataFolders = .standard
  ) throws -> PreparedData {
    if let series {
      return try loadSeries(name, series.completed(), validationSplit: validationSplit, fitted: fitted)
    }
    if let text {
      guard text.unit != nil, text.window != nil else {
        throw TrainingError(
          "--window, --minimum-count, --vocabulary or --lowercase", "is for trainings of models of texts only",
          advice: "leave it out")
      }
      if text.targetUnit != nil {
        return try loadPairs(
          name, text, validationSplit: validationSplit, seed: seed, fitted: fitted, in: folders)
      }
      guard text.streams != nil else {
        return try loadLabelledTexts(
          name, text, validationSplit: validationSplit, seed: seed, vocabulary: fitted?.vocabulary)
      }
      return try loadText(name, text, validationSplit: validationSplit, vocabulary: fitted?.vocabulary)
    }
    let data = try DataCatalog.load(
      name, in: folders, csv: csv, schema: fitted?.schema, images: images ?? .usual, form: fitted?.form,
      sound: fitted?.sound, check: fitted == nil ? .all : .whenNeeded)
    var (train, validation, test) = (data.train, data.validation, data.test)
    if testSplit > 0 {
      guard test == nil else {
        throw TrainingError(
          "--test-split", "cannot be used: \(name) has a test part of its own", advice: "leave the option out")
      }
      let parts = try train.split(test: testSplit, seed: seed)
      (train, test) = (parts.rest, parts.test)
    }
    if validation == nil, validationSplit > 0 {
      let parts = try train.split(validation: validationSplit, seed: seed)
      (train, validation) = (parts.training, parts.validation)
    }
    var result = try prepared(
      data, train: train, validation: validation, test: test, fitted: fitted)
    (result.setsTestAside, result.setsValidationAside) = (data.test == nil, data.validation == nil)
    return result
  }

  /// Parts of a data set with what is fitted to the training part.
  ///
  /// - Throws: as ``load(_:validationSplit:seed:fitted:in:)``.
  func prepared(
    _ data: LoadedData, train: Dataset, validation: Dataset?, test: Dataset?, fitted: Preparation? = nil
  ) throws -> PreparedData {
    if let augmentation, !augmentation.fits(train) {
      throw TrainingError(
        "--augment", "changes pictures, but samples of \(data.name) are \(train.inputType.dtype)\(train.sampleShape)",
        advice: "leave the option out, or give pictures [channels, height, width] of u8 or f32")
    }
    if let augmentation, augmentation.mixup > 0, train.hasPixelLabels {
      throw TrainingError(
        "--augment", "cannot mix pictures by mixup where every pixel has a class of its own",
        advice: "leave mixup out; all other changes move the masks with the pictures")
    }
    let preparation =
      try fitted
      ?? Preparation(
        fitting: train, schema: data.schema, form: data.form, sound: data.sound, by: normalization,
        targetsBy: targetScaling)
    for part in [train, validation, test].compactMap({ $0 }) where !preparation.fits(part) {
      throw TrainingError(
        part.name, "its samples of shape \(part.sampleShape) do not fit what the run was prepared for",
        advice: "give data of the shape the run was trained on")
    }
    return PreparedData(
      name: data.name, train: preparation.applied(to: train),
      validation: validation.map { preparation.applied(to: $0) },
      test: test.map { preparation.applied(to: $0) }, preparation: preparation, skipped: data.skipped)
  }
}

/// A data set in its parts, gaps filled and targets scaled; inputs are normalised while batches are made.
public struct PreparedData: Sendable {
  /// What messages call it.
  public let name: String
  /// The part a network learns from.
  public let train: Dataset
  /// The part that decides when to stop.
  public let validation: Dataset?
  /// The part that judges the result.
  public let test: Dataset?
  /// What was fitted to the training part.
  public let preparation: Preparation
  /// What is wrong with the files that were left out, a sentence for each.
  public let skipped: [DataError]
  /// Whether the test part, if there is one, was set aside from the samples by a seed.
  var setsTestAside = false
  /// Whether the validation part, if there is one, was.
  var setsValidationAside = false
}
