import ApusNN

/// What a search for a learning rate found, as `apus find-learning-rate --json` prints it.
public struct LearningRateReport: Sendable, Hashable, Encodable {
  /// The model's name.
  public let model: String
  /// The data set's name or path.
  public let data: String
  /// The optimizer's name.
  public let optimizer: String
  /// Samples in a batch.
  public let batchSize: Int
  /// The steps, with growing rates.
  public let points: [LearningRateFinder.Point]
  /// The smaller one of the steepest and a tenth of the least; nil when the loss never falls.
  public let suggestion: Double?
  /// The rate at which the loss falls most steeply.
  public let steepest: Double?
  /// The rate at which the loss is least.
  public let least: Double?
  /// Whether the search ended early because the loss grew.
  public let diverged: Bool
}

extension TrainingJob {
  /// Looks for a good learning rate for the training; nothing is written.
  ///
  /// - Throws: ``TrainingError`` when a number is impossible or the data do not fit the model.
  public func findLearningRate(_ finder: LearningRateFinder) throws -> LearningRateReport {
    let found = try search(model, finder)
    return LearningRateReport(
      model: configuration.model.name, data: configuration.data, optimizer: configuration.optimization.optimizer.name,
      batchSize: configuration.batchSize, points: found.points, suggestion: found.suggestion, steepest: found.steepest,
      least: found.least, diverged: found.diverged)
  }

  private func search(_ model: some Layer, _ finder: LearningRateFinder) throws -> LearningRateFinder.Result {
    try trainer(of: model, run: nil, progress: nil).findLearningRate(train, with: finder)
  }
}
