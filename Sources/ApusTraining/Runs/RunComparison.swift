/// Runs side by side, as `apus runs --compare --json` prints them.
public struct RunComparison: Sendable, Hashable, Encodable {
  /// A setting that is not the same in all runs.
  public struct Difference: Sendable, Hashable, Encodable {
    /// Its path in `config.json`.
    public let setting: String
    /// The value in each run; nil where it is not set.
    public let values: [String?]
  }

  /// A number of each run.
  public struct Result: Sendable, Hashable, Encodable {
    /// What it is: `validation loss`.
    public let name: String
    /// The value in each run; nil where it is not known.
    public let values: [Double?]
  }

  /// A quantity over the epochs.
  public struct Curve: Sendable, Hashable, Encodable {
    /// What it is: `train loss`.
    public let name: String
    /// For each run a value for each epoch; nil where it is not known.
    public let values: [[Double?]]
  }

  /// The folders.
  public let runs: [String]
  /// What differs between the configurations.
  public let differences: [Difference]
  /// What came of the runs: numbers of the last epoch, on the validation part of the best one, and on the test part.
  public let results: [Result]
  /// Losses and accuracies over the epochs.
  public let curves: [Curve]

  /// Compares runs.
  ///
  /// - Throws: ``TrainingError`` or `FormatError` when there are fewer than two, or one of them cannot be read.
  public init(_ paths: [String]) throws {
    guard paths.count >= 2 else {
      throw TrainingError(
        "--compare", "needs at least two runs, got \(paths.count)", advice: "give their folders, such as runs/a runs/b")
    }
    let folders = paths.map { RunFolder($0) }
    let settings = try folders.map { try RunSettings($0).values }
    let summaries = try folders.map { try RunSummary($0) }
    let histories = try folders.map { try EpochRecord.read($0) }
    let reports = try zip(folders, summaries).map { $1.isFinished ? try TrainingReport.read($0) : nil }
    runs = folders.map(\.path)
    differences = Set(settings.flatMap(\.keys)).sorted().compactMap { name in
      let values = settings.map { $0[name] }
      return Set(values).count > 1 ? Difference(setting: name, values: values) : nil
    }
    results = Self.results(summaries, histories, reports)
    let quantities: [(String, (EpochRecord) -> Double?)] = [
      ("train loss", { $0.trainLoss }), ("train accuracy", \.trainAccuracy), ("validation loss", \.validationLoss),
      ("validation accuracy", \.validationAccuracy), ("validation r2", { $0.validationMetrics?["r2"] }),
    ]
    curves = quantities.compactMap { name, value in
      let values = histories.map { $0.map(value) }
      return values.joined().contains { $0 != nil } ? Curve(name: name, values: values) : nil
    }
  }

  private static func results(
    _ summaries: [RunSummary], _ histories: [[EpochRecord]], _ reports: [TrainingReport?]
  ) -> [Result] {
    let best = histories.map { EpochRecord.best(of: $0) }
    var rows: [Result] = [
      Result(name: "parameters", values: summaries.map { $0.parameters.map(Double.init) }),
      Result(name: "epochs", values: summaries.map { Double($0.epochs) }),
      Result(name: "best epoch", values: summaries.map { $0.bestEpoch.map(Double.init) }),
      Result(name: "seconds", values: summaries.map(\.seconds)),
      Result(name: "train loss", values: histories.map { $0.last?.trainLoss }),
      Result(name: "train accuracy", values: histories.map { $0.last?.trainAccuracy }),
      Result(name: "validation loss", values: best.map { $0?.validationLoss }),
      Result(name: "test loss", values: reports.map { $0?.testLoss }),
    ]
    func add(_ part: String, _ metrics: [[String: Double]?]) {
      for name in Set(metrics.flatMap { ($0 ?? [:]).keys }).sorted() {
        rows.append(Result(name: "\(part) \(name)", values: metrics.map { $0?[name] }))
      }
    }
    add("validation", best.map { $0?.validationMetrics })
    add("test", reports.map { $0?.testMetrics })
    return rows.filter { $0.values.contains { $0 != nil } }
  }
}
