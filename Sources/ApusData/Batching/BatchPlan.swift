/// Which samples are in which batch: a pure function of (seed, epoch, index), so that training can go on from any batch
/// of any epoch.
public struct BatchPlan: Sendable, Hashable {
  /// Samples in the data set.
  public let sampleCount: Int
  /// Samples in a batch, except perhaps in the last one.
  public let batchSize: Int
  /// What the order depends on, together with the epoch.
  public let seed: UInt64
  /// Whether every epoch has an order of its own; otherwise samples come in the order of the data set.
  public let shuffle: Bool
  /// Whether a last batch with fewer samples is left out.
  public let dropLast: Bool

  /// A plan.
  ///
  /// - Precondition: a positive batch size, no negative sample count.
  public init(sampleCount: Int, batchSize: Int, seed: UInt64 = 0, shuffle: Bool = true, dropLast: Bool = false) {
    precondition(batchSize > 0, "a batch needs at least one sample, got a batch size of \(batchSize)")
    precondition(sampleCount >= 0 && sampleCount <= Int(UInt32.max), "cannot batch \(sampleCount) samples")
    self.sampleCount = sampleCount
    self.batchSize = batchSize
    self.seed = seed
    self.shuffle = shuffle
    self.dropLast = dropLast
  }

  /// Batches in an epoch.
  public var batchCount: Int {
    sampleCount / batchSize + (dropLast || sampleCount % batchSize == 0 ? 0 : 1)
  }

  /// The order of the samples in an epoch.
  ///
  /// - Precondition: the epoch is not negative.
  public func order(epoch: Int) -> [UInt32] {
    precondition(epoch >= 0, "epochs are counted from 0, got \(epoch)")
    guard shuffle else { return (0..<sampleCount).map { UInt32($0) } }
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(epoch))
    return generator.permutation(of: sampleCount)
  }

  /// The places in ``order(epoch:)`` that make up a batch.
  ///
  /// - Precondition: `index` is in `0..<batchCount`.
  public func places(batch index: Int) -> Range<Int> {
    precondition(index >= 0 && index < batchCount, "batch \(index) is outside 0..<\(batchCount)")
    return index * batchSize..<min((index + 1) * batchSize, sampleCount)
  }

  /// The samples of a batch. Computes the order of the whole epoch: for one batch, not for a loop over them.
  public func samples(epoch: Int, batch index: Int) -> [Int] {
    order(epoch: epoch)[places(batch: index)].map(Int.init)
  }
}
