import ApusEvents
import ApusFormats

/// Writes what TensorBoard shows into a folder of event files.
///
/// After every epoch the scalars `train/loss`, `train/accuracy`, `train/learning_rate`, `train/samples_per_second`,
/// `validation/loss`, `validation/accuracy` and `validation/<metric>`; inside it, after every so many steps,
/// `batch/loss` and `batch/learning_rate` of that step. With a ``StatisticsHook`` before it the histograms
/// `weight/<path>`, `gradient/<path>` and `activation/<layer>` of the epochs that this records. Of a run folder the text
/// `configuration`, as the training was begun. The step is the number of updates.
///
/// Costs a few microseconds where it is due: `tensorboard --logdir runs` may look on while the training goes on. A resumed
/// training begins a file of its own, in which nothing is repeated and of epochs that were not written nothing is missing.
public final class TensorBoardHook: TrainingHook {
  /// `tensorboard`
  public let name = "tensorboard"
  /// When it is called.
  public let period: HookPeriod
  private let folder: String
  private let statistics: StatisticsHook?
  private var writer: EventWriter?

  /// A hook.
  ///
  /// - Parameters:
  ///   - folder: the folder of the event files, usually ``RunFolder/events``.
  ///   - steps: steps from one `batch/loss` to the next.
  ///   - statistics: the hook whose records are written as histograms; it must be called before this one.
  public init(folder: String, steps: Int = 50, statistics: StatisticsHook? = nil) {
    self.folder = folder
    self.statistics = statistics
    period = .stepsAndEpochs(steps, 1)
  }

  /// Opens a file, and writes what is known already and not yet in another.
  public func begin(_ training: TrainingControl) throws {
    let writer = try EventWriter(folder: folder)
    self.writer = writer
    if let run = training.run, run.holdsRun {
      // Four spaces make it a block of code in Markdown.
      let lines = try TextFile.read(run.configuration).split(separator: "\n").map { "    " + $0 }
      try writer.write([("configuration", .text(lines.joined(separator: "\n")))], step: 0)
    }
    for record in training.history { try write(record, to: writer) }
  }

  /// Writes what is due.
  public func run(_ moment: TrainingMoment) throws {
    guard let writer else { return }
    guard let record = moment.record else {
      var values: [(tag: String, value: Double?)] = [("batch/loss", moment.batchLoss)]
      values.append(("batch/learning_rate", moment.learningRate))
      return try write(values, step: moment.step, to: writer)
    }
    try write(record, to: writer)
    guard let latest = statistics?.latest, latest.first?.epoch == record.epoch else { return }
    try writer.write(
      latest.compactMap { entry in
        EventHistogram(entry).map { ("\(entry.kind.rawValue)/\(entry.path)", .histogram($0)) }
      }, step: record.step)
  }

  /// Closes the file.
  public func end(_ training: TrainingControl) throws { writer = nil }

  private func write(_ record: EpochRecord, to writer: EventWriter) throws {
    var values: [(tag: String, value: Double?)] = [
      ("train/loss", record.trainLoss), ("train/accuracy", record.trainAccuracy),
      ("train/learning_rate", record.learningRate), ("train/samples_per_second", record.samplesPerSecond),
      ("validation/loss", record.validationLoss), ("validation/accuracy", record.validationAccuracy),
    ]
    for (name, value) in (record.validationMetrics ?? [:]).sorted(by: { $0.key < $1.key }) where name != "accuracy" {
      values.append(("validation/\(name)", value))
    }
    try write(values, step: record.step, to: writer)
  }

  private func write(_ values: [(tag: String, value: Double?)], step: Int, to writer: EventWriter) throws {
    try writer.write(
      values.compactMap { entry in entry.value.map { (entry.tag, .scalar(Float($0))) } }, step: step)
  }
}

extension EventHistogram {
  /// The histogram of a record; nil when it has no finite values.
  init?(_ record: TensorStatistics) {
    guard !record.counts.isEmpty else { return nil }
    let count = Double(record.count - record.notFinite)
    self.init(
      min: record.edges.first ?? record.min, max: record.edges.last ?? record.max, sum: record.mean * count,
      sumOfSquares: (record.std * record.std + record.mean * record.mean) * count,
      limits: Array(record.edges.dropFirst()), counts: record.counts.map(Double.init))
  }
}
