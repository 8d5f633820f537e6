import ApusData
import ApusModels

extension DataConfiguration {
  /// This configuration with the blanks of a series filled in.
  ///
  /// - Throws: ``TrainingError`` when there are options of other data; `DataError` when a number is impossible.
  func completedForSeries(_ model: String) throws -> DataConfiguration {
    var full = self
    // `--window` says how far a forecast looks back.
    if let text {
      var others = text
      others.window = nil
      guard others == TextConfiguration() else {
        throw TrainingError(
          "--minimum-count, --vocabulary or --lowercase", "is for models of texts, and \(model) is none",
          advice: "leave it out")
      }
      full.series = SeriesConfiguration(window: text.window, horizon: series?.horizon)
      full.text = nil
    }
    guard images == nil, augmentation == nil else {
      throw TrainingError(
        "the options of pictures", "are not for \(model), which reads a series",
        advice: "leave --image-size, --augment and the like out")
    }
    full.series = try (full.series ?? SeriesConfiguration()).completed()
    return full
  }

  /// The parts of a series, one after the other: training, validation, test. Scaling is fitted to the training part.
  ///
  /// - Throws: `DataError` or `FormatError` when the table cannot be read or is too short.
  func loadSeries(
    _ name: String, _ series: SeriesConfiguration, validationSplit: Double, fitted: Preparation?
  ) throws -> PreparedData {
    let table = try SeriesTable(name, options: csv, schema: fitted?.schema)
    let ranges = table.ranges(validation: validationSplit, test: testSplit)
    func part(_ range: Range<Int>, _ suffix: String) throws -> Dataset {
      try table.windows(range, window: series.window ?? 1, horizon: series.horizon ?? 1, part: suffix)
    }
    let train = try part(ranges.train, "")
    let preparation =
      try fitted
      ?? Preparation(
        fitting: train, schema: table.schema, by: normalization, grouping: .features, targetsBy: targetScaling)
    guard preparation.fits(train) else {
      throw TrainingError(
        name, "its windows of shape \(train.sampleShape) do not fit what the run was prepared for",
        advice: "give a table with the run's columns")
    }
    return PreparedData(
      name: name, train: preparation.applied(to: train),
      validation: ranges.validation.isEmpty ? nil : preparation.applied(to: try part(ranges.validation, " validation")),
      test: ranges.test.isEmpty ? nil : preparation.applied(to: try part(ranges.test, " test")),
      preparation: preparation, skipped: [])
  }
}
