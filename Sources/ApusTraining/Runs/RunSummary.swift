import ApusFormats
import FoundationEssentials

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A run in one line: what was asked for, and what came of it.
public struct RunSummary: Sendable, Hashable, Encodable {
  /// The folder.
  public let run: String
  /// The model's name.
  public let model: String
  /// The data set's name or path.
  public let data: String
  /// Epochs done.
  public let epochs: Int
  /// Epochs asked for.
  public let plannedEpochs: Int
  /// The epoch that did best on the validation part; nil without one.
  public let bestEpoch: Int?
  /// What that epoch did on the validation part: the accuracy, R2 of numbers, else the loss.
  public let validation: MetricValue?
  /// The same of the result on the test part, once the training has come to its end.
  public let test: MetricValue?
  /// Learnt numbers of the model; nil while the training has not come to its end.
  public let parameters: Int?
  /// Seconds of training and validation.
  public let seconds: Double
  /// The optimizer's name.
  public let optimizer: String
  /// The learning rate that was asked for.
  public let learningRate: Double
  /// Whether the training has come to its end.
  public let isFinished: Bool
  /// When something was last written to the metrics, in UTC: `2026-11-21T15:04:05Z`.
  public let date: String

  /// Reads a run.
  ///
  /// - Throws: ``TrainingError`` or `FormatError` when it is none or a file is damaged.
  public init(_ folder: RunFolder) throws {
    let configuration = try RunConfiguration.read(folder)
    let history = try EpochRecord.read(folder)
    let result = try TrainingReport.read(folder)
    run = folder.path
    (model, data, plannedEpochs) = (configuration.model.name, configuration.data, configuration.epochs)
    let rule = configuration.optimization.optimizer
    (optimizer, learningRate) = (rule.name, rule.learningRate)
    (epochs, seconds) = (history.count, history.reduce(0) { $0 + $1.seconds })
    let best = EpochRecord.best(of: history)
    bestEpoch = best?.epoch
    validation = best?.score
    isFinished = result?.epochs == history.count
    test = isFinished ? result?.score : nil
    parameters = isFinished ? result?.parameters : nil
    date = Self.date(of: history.isEmpty ? folder.configuration : folder.metrics)
  }

  private static func date(of path: String) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return "" }
    #if canImport(Darwin)
      let seconds = status.st_mtimespec.tv_sec
    #else
      let seconds = status.st_mtim.tv_sec
    #endif
    return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
  }
}

extension EpochRecord {
  /// The finished epochs of a run; none when no epoch is finished.
  ///
  /// - Throws: ``TrainingError`` when a line is damaged, `FormatError` when the file cannot be read.
  public static func read(_ run: RunFolder) throws -> [EpochRecord] {
    access(run.metrics, F_OK) == 0 ? try TextFile.lines(of: run.metrics, EpochRecord.self) : []
  }

  /// What tells epochs apart on the validation part: the accuracy, R2 of numbers, else the loss.
  var score: MetricValue? {
    if let accuracy = validationAccuracy { return MetricValue("accuracy", accuracy) }
    if let r2 = validationMetrics?["r2"] { return MetricValue("r2", r2) }
    return validationLoss.map { MetricValue("loss", $0) }
  }

  /// The first of the epochs that did best on the validation part; nil without one.
  public static func best(of history: [EpochRecord]) -> EpochRecord? {
    let judged = history.compactMap { record in
      record.score.flatMap { $0.value.isFinite ? (record: record, value: $0.isLoss ? -$0.value : $0.value) : nil }
    }
    return judged.reduce(judged.first) { best, next in best.map { next.value > $0.value ? next : $0 } }?.record
  }
}

extension MetricValue {
  /// Whether less is better.
  public var isLoss: Bool { name == "loss" }
}

extension TrainingReport {
  /// The report of a training that has come to its end; nil before.
  ///
  /// - Throws: ``TrainingError`` when it is damaged, `FormatError` when it cannot be read.
  public static func read(_ run: RunFolder) throws -> TrainingReport? {
    guard run.holdsResult else { return nil }
    do {
      return try JSON.decodeReport(TrainingReport.self, TextFile.read(run.result))
    } catch is DecodingError {
      throw TrainingError(run.result, "is damaged or was not written by this program", advice: "delete the file")
    }
  }

  /// What tells results apart on the test part: the accuracy, R2 of numbers, else the loss.
  var score: MetricValue? {
    if let accuracy = testAccuracy { return MetricValue("accuracy", accuracy) }
    if let r2 = testMetrics?["r2"] { return MetricValue("r2", r2) }
    return testLoss.map { MetricValue("loss", $0) }
  }
}
