import ApusData

/// Judging a way of training on small data: the samples are dealt into folds, each is the test part once while a new
/// network learns from all the others (Stone, "Cross-validatory choice and assessment of statistical predictions", 1974).
///
/// ```swift
/// var request = TrainingRequest(model: "mlp", data: "iris")
/// request.epochs = 60
/// print(try CrossValidation(request, folds: 5).run().mean["accuracy"] ?? 0)
/// ```
/// Normalisation and gaps are fitted to each fold's training part alone. Nothing is kept on disk.
public struct CrossValidation {
  /// The number of folds.
  public let foldCount: Int
  private let request: TrainingRequest
  private let plan: TrainingPlan
  private let data: LoadedData
  private let folds: [Fold]

  /// Checks a request, reads its data and deals the samples of the training part into folds, classes spread evenly.
  ///
  /// The part set aside for validation is 0 unless the request names one.
  ///
  /// - Throws: `TrainingError`, `DataError` or `FormatError`, each one sentence.
  public init(_ request: TrainingRequest, folds count: Int) throws {
    guard request.output == nil, !request.resume else {
      throw TrainingError("--output", "is not used by a cross-validation, which keeps nothing", advice: "leave it out")
    }
    guard request.recording.statisticsEpochs == nil else {
      throw TrainingError(
        "--statistics", "is not used by a cross-validation, which keeps nothing", advice: "leave it out")
    }
    guard count >= 2 else { throw TrainingError.impossible("--folds", count, "a whole number of at least 2") }
    var request = request
    request.validationSplit = request.validationSplit ?? 0
    plan = try TrainingPlan(request)
    guard plan.dataOptions.text == nil, plan.dataOptions.series == nil else {
      throw TrainingError(
        request.model, "reads text or a series, which is not cut into folds", advice: "use apus train")
    }
    guard plan.dataOptions.testSplit == 0 else {
      throw TrainingError(
        "--test-split", "is not used by a cross-validation", advice: "leave it out: each fold is the test part once")
    }
    data = try DataCatalog.load(
      request.data, csv: plan.dataOptions.csv, images: plan.dataOptions.images ?? .usual)
    folds = try data.train.folds(count, seed: plan.seed)
    (foldCount, self.request) = (count, request)
  }

  /// Trains and judges a network for each fold.
  ///
  /// - Parameter progress: called with each fold's result and its number, counted from 1.
  /// - Throws: as `Trainer.fit`.
  public func run(progress: ((CrossValidationReport.Fold, Int) -> Void)? = nil) throws -> CrossValidationReport {
    var found: [CrossValidationReport.Fold] = []
    for fold in folds {
      var (train, validation): (Dataset, Dataset?) = (fold.training, nil)
      if plan.validationSplit > 0 {
        (train, validation) = try fold.training.split(validation: plan.validationSplit, seed: plan.seed)
      }
      let prepared = try plan.dataOptions.prepared(
        data, train: train, validation: validation, test: fold.validation)
      let job = try TrainingJob(request, plan, prepared)
      guard let judged = try job.judge() else { continue }
      let result = CrossValidationReport.Fold(samples: judged.count, loss: judged.loss, metrics: judged.values)
      found.append(result)
      progress?(result, found.count)
    }
    return CrossValidationReport(model: request.model, data: request.data, epochs: plan.epochs, folds: found)
  }
}

/// What a cross-validation found, as `apus cross-validate --json` prints it.
public struct CrossValidationReport: Sendable, Hashable, Encodable {
  /// A fold's results on the samples that its network never saw.
  public struct Fold: Sendable, Hashable, Encodable {
    /// Samples of the fold.
    public let samples: Int
    /// The mean loss.
    public let loss: Double
    /// Metrics by name.
    public let metrics: [String: Double]
  }

  /// The model.
  public let model: String
  /// The data set.
  public let data: String
  /// Epochs of each training.
  public let epochs: Int
  /// The folds.
  public let folds: [Fold]
  /// The mean of each metric over the folds.
  public let mean: [String: Double]
  /// The standard deviation of each metric over the folds (n - 1).
  public let deviation: [String: Double]

  init(model: String, data: String, epochs: Int, folds: [Fold]) {
    (self.model, self.data, self.epochs, self.folds) = (model, data, epochs, folds)
    var (mean, deviation): ([String: Double], [String: Double]) = ([:], [:])
    for name in folds.first?.metrics.keys.sorted() ?? [] {
      let values = folds.compactMap { $0.metrics[name] }
      let average = values.reduce(0, +) / Double(values.count)
      mean[name] = average
      let squares = values.reduce(0) { $0 + ($1 - average) * ($1 - average) }
      deviation[name] = (squares / Double(max(values.count - 1, 1))).squareRoot()
    }
    (self.mean, self.deviation) = (mean, deviation)
  }
}
