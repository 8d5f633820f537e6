extension Metric {
  private static let fixed: [Metric] = [
    .accuracy, .meanIoU, .precision, .recall, .f1, .rocAUC, .averagePrecision, .logLoss, .perplexity, .bitsPerSymbol,
    .matthewsCorrelation, .cohenKappa, .meanSquaredError, .rootMeanSquaredError, .meanAbsoluteError, .r2,
  ]
  private static let averaged: [Metric] = ClassAveraging.allCases.flatMap { [.precision($0), .recall($0), .f1($0)] }

  /// The names that ``named(_:)`` knows; in `topK_accuracy` K stands for any whole number from 1.
  public static let names: [String] = (fixed + averaged).map(\.name) + ["topK_accuracy"]

  /// The metric with this name, such as `accuracy`, `top5_accuracy`, `f1_weighted` or `rmse`.
  ///
  /// - Throws: ``TrainingError`` that names the nearest ones when there is none.
  public static func named(_ name: String) throws -> Metric {
    if let found = (fixed + averaged).first(where: { $0.name == name }) { return found }
    if name.hasPrefix("top"), name.hasSuffix("_accuracy"), let k = Int(name.dropFirst(3).dropLast(9)), k >= 1 {
      return .topK(k)
    }
    throw TrainingError.unknown("metric", name, among: names)
  }

  /// The metrics that are recorded after every epoch unless others are asked for: all that cost next to nothing.
  ///
  /// - Parameter classCount: the best five count as right too where there are more classes than five.
  public static func usual(for task: PredictionTask, classCount: Int) -> [Metric] {
    switch task {
    case .classification: [.accuracy] + (classCount > 5 ? [.topK(5)] : []) + [.precision, .recall, .f1]
    case .binary: [.accuracy, .precision, .recall, .f1, .rocAUC]
    case .regression: [.meanSquaredError, .rootMeanSquaredError, .meanAbsoluteError, .r2]
    case .segmentation: [.meanIoU, .accuracy]
    case .sequence: [.perplexity, .bitsPerSymbol]
    }
  }

  /// Everything that can be said about such predictions; those that rank all samples keep a number for every output.
  public static func all(for task: PredictionTask, classCount: Int) -> [Metric] {
    let ranking: [Metric] = [.averagePrecision, .logLoss, .matthewsCorrelation, .cohenKappa]
    return switch task {
    case .classification: usual(for: task, classCount: classCount) + [.rocAUC] + ranking
    case .binary: usual(for: task, classCount: classCount) + ranking
    case .regression: usual(for: task, classCount: classCount)
    case .segmentation: usual(for: task, classCount: classCount) + [.precision, .recall, .f1]
    case .sequence: usual(for: task, classCount: classCount) + [.logLoss]
    }
  }

  /// Checks that the metrics can judge a task.
  ///
  /// - Throws: ``TrainingError`` about the first that cannot.
  static func check(_ metrics: [Metric], _ task: PredictionTask) throws {
    for metric in metrics where !metric.tasks.contains(task) {
      let fitting = names.filter { name in (fixed + averaged).contains { $0.name == name && $0.tasks.contains(task) } }
      throw TrainingError(
        "metric '\(metric.name)'",
        "judges \(metric.tasks.map(\.rawValue).joined(separator: " and ")), and the task is \(task.rawValue)",
        advice: "choose some of: \(fitting.joined(separator: ", "))")
    }
  }
}
