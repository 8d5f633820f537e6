import ApusFormats
import ApusNN
import ApusTensor

/// Records how weights, gradients and activations are spread after every so many epochs.
///
/// Each record is a ``TensorStatistics``; in a run folder they are the lines of `statistics.jsonl`. Costs a forward and a
/// backward pass of one batch each time; steps between are not touched.
///
/// ```swift
/// let statistics = StatisticsHook(epochs: 5)
/// trainer.hooks = [statistics, TensorBoardHook(folder: run.events, statistics: statistics)]
/// ```
public final class StatisticsHook: TrainingHook {
  /// `statistics`
  public let name = "statistics"
  /// When it is called.
  public let period: HookPeriod
  /// The records of the last call.
  public private(set) var latest: [TensorStatistics] = []
  private var lines = ""

  /// A hook.
  ///
  /// - Parameter epochs: epochs from one record to the next.
  public init(epochs: Int = 1) { period = .epochs(epochs) }

  /// Keeps what the run folder has of the epochs before.
  public func begin(_ training: TrainingControl) throws {
    (latest, lines) = ([], "")
    guard let run = training.run, run.holdsStatistics else { return }
    let known = try TensorStatistics.read(run).filter { $0.epoch <= training.history.count }
    lines = try known.map { try JSON.text($0) + "\n" }.joined()
  }

  /// Records and writes.
  public func run(_ moment: TrainingMoment) throws {
    guard let training = moment.control, let epoch = moment.record?.epoch else { return }
    func statistics(_ tensor: Tensor, _ path: String, _ kind: TensorStatistics.Kind) -> TensorStatistics {
      TensorStatistics(tensor.hostArray(), path: path, kind: kind, epoch: epoch, step: moment.step)
    }
    latest = training.model.parameters.filter { $0.parameter.role != .state }.map {
      statistics($0.parameter.value, $0.name, .weight)
    }
    for entry in training.gradients()?.entries ?? [] {
      if let tensor = entry.whole { latest.append(statistics(tensor, entry.name, .gradient)) }
    }
    latest += training.activations().map { statistics($0.output, $0.layer, .activation) }
    guard let run = training.run else { return }
    lines += try latest.map { try JSON.text($0) + "\n" }.joined()
    try AtomicFile.write(lines, to: run.statistics)
  }
}

extension TensorStatistics {
  /// The records of a run, in their order.
  ///
  /// - Throws: ``TrainingError`` or `FormatError` when the file is damaged or cannot be read.
  public static func read(_ run: RunFolder) throws -> [TensorStatistics] {
    try TextFile.lines(of: run.statistics, TensorStatistics.self)
  }
}
