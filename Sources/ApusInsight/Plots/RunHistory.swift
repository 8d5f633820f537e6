import ApusTraining

/// The finished epochs of a run: `metrics.jsonl`.
public struct RunHistory: Sendable, Hashable {
  /// The records in their order.
  public let epochs: [EpochRecord]

  /// Epochs that are known.
  public init(_ epochs: [EpochRecord]) { self.epochs = epochs }

  /// Reads the epochs of a run; none when no epoch is finished.
  ///
  /// - Throws: `FormatError` when the file cannot be read, `TrainingError` when it is damaged.
  public init(_ run: RunFolder) throws { epochs = try EpochRecord.read(run) }

  /// The numbers of the epochs.
  var numbers: [Double] { epochs.map { Double($0.epoch) } }

  /// The first of the epochs that did best on the validation part; nil without one.
  public var best: EpochRecord? { EpochRecord.best(of: epochs) }
}
