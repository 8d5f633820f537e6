import ApusTensor
import Synchronization

/// Some samples of a data set, ready for a network.
public struct Batch: Sendable {
  /// The inputs, `[B, ...]`: normalised f32, or as they are in the data set without a normalization.
  public let inputs: HostArray
  /// The targets, `[B, ...]`: labels are i32 `[B]`, or f32 `[B, classes]` when ``Augmentation/mixup`` mixes them.
  public let targets: HostArray
  /// The epoch it belongs to, counted from 0.
  public let epoch: Int
  /// Its place in the epoch, counted from 0.
  public let index: Int

  /// The number of samples.
  public var count: Int { inputs.shape[0] }

  /// A batch.
  public init(inputs: HostArray, targets: HostArray, epoch: Int = 0, index: Int = 0) {
    self.inputs = inputs
    self.targets = targets
    self.epoch = epoch
    self.index = index
  }
}

extension Dataset {
  /// The batches of an epoch, made on a background thread a few batches ahead of their use.
  ///
  /// - Parameters:
  ///   - batchSize: samples in a batch; the last one may have fewer.
  ///   - seed: decides the order, together with the epoch.
  ///   - epoch: counted from 0.
  ///   - shuffle: whether to reorder the samples.
  ///   - dropLast: whether to leave out a last batch with fewer samples.
  ///   - normalization: applied to the inputs; nil leaves them as they are.
  ///   - augmentation: random changes of pictures, before the normalization; inputs are then f32.
  ///   - start: the first batch; a resumed training starts where it was stopped.
  ///   - prefetch: how many batches are made ahead; 0 makes each when it is asked for, without a thread.
  /// - Precondition: a positive batch size; a normalization and an augmentation that fit the samples.
  public func batches(
    of batchSize: Int, seed: UInt64 = 0, epoch: Int = 0, shuffle: Bool = true, dropLast: Bool = false,
    normalization: Normalization? = nil, augmentation: Augmentation? = nil, startingAt start: Int = 0,
    prefetch: Int = 2
  ) -> BatchSequence {
    let plan = BatchPlan(sampleCount: count, batchSize: batchSize, seed: seed, shuffle: shuffle, dropLast: dropLast)
    return BatchSequence(
      data: self, plan: plan, epoch: epoch, normalization: normalization, augmentation: augmentation, start: start,
      prefetch: prefetch)
  }

  /// The samples with the given indices as a batch, made at once.
  ///
  /// - Precondition: all indices are in `0..<count`; the normalization fits the samples.
  /// - Throws: ``DataError`` or `FormatError` when a sample is in a file that cannot be read.
  public func batch(_ indices: [Int], normalization: Normalization? = nil) throws -> Batch {
    precondition(indices.allSatisfy { $0 >= 0 && $0 < count }, "a sample is outside 0..<\(count)")
    return try batch(indices.map { UInt32($0) }[...], normalization, nil, epoch: 0, index: 0)
  }

  func batch(
    _ samples: ArraySlice<UInt32>, _ normalization: Normalization?, _ changer: PictureChanger?, epoch: Int, index: Int
  ) throws -> Batch {
    if let changer {
      let (pictures, targets) = try changer.apply(samples, of: self, batch: index)
      let inputs = normalization?.applied(to: pictures) ?? pictures
      return Batch(inputs: inputs, targets: targets, epoch: epoch, index: index)
    }
    let rows = samples.map(Int.init)
    var targets = try targetRows.gathered(rows)
    guard let normalization, normalization.grouping != .symbols else {
      var inputs = try inputRows.gathered(rows)
      if let lengths {
        let length = LengthBuckets.length(
          rows.map { Int(lengths[$0]) }.max() ?? 0, width: sampleShape[sampleShape.rank - 1])
        inputs = inputs.firstColumns(length)
        if isOfPairs { targets = targets.firstColumns(length) }
      }
      return Batch(inputs: inputs, targets: targets, epoch: epoch, index: index)
    }
    let (array, places) = try inputRows(samples)
    return Batch(
      inputs: array.normalizedRows(places, normalization), targets: targets, epoch: epoch, index: index)
  }

  /// An array in which samples are, and their rows there: all samples when they are in memory, else those alone.
  func inputRows(_ samples: ArraySlice<UInt32>) throws -> (array: HostArray, rows: ArraySlice<UInt32>) {
    if let array = inputRows.array { return (array, samples) }
    return (try inputRows.gathered(samples.map(Int.init)), (0..<UInt32(samples.count)).map { $0 }[...])
  }
}

/// The batches of one epoch of a data set, in order; ``Dataset`` gives them by its method `batches(of:)`.
///
/// When samples are in files and one can no longer be read, the batches end before it: ask ``check()`` after the last one.
public struct BatchSequence: Sequence, Sendable {
  /// Where the samples come from.
  public let data: Dataset
  /// Which samples are in which batch.
  public let plan: BatchPlan
  /// The epoch, counted from 0.
  public let epoch: Int
  /// Applied to the inputs.
  public let normalization: Normalization?
  /// Random changes of pictures, before the normalization.
  public let augmentation: Augmentation?
  /// The first batch.
  public let start: Int
  /// How many batches are made ahead.
  public let prefetch: Int
  let failure = BatchFailure()

  init(
    data: Dataset, plan: BatchPlan, epoch: Int, normalization: Normalization?, augmentation: Augmentation?, start: Int,
    prefetch: Int
  ) {
    precondition(start >= 0, "batches are counted from 0, got \(start)")
    precondition(prefetch >= 0, "cannot make \(prefetch) batches ahead")
    precondition(epoch >= 0, "epochs are counted from 0, got \(epoch)")
    if let normalization {
      precondition(
        normalization.fits(data.sampleShape),
        "a normalization with \(normalization.mean.count) groups does not fit samples of shape \(data.sampleShape)")
    }
    self.data = data
    self.plan = plan
    self.epoch = epoch
    if let augmentation {
      precondition(
        augmentation.fits(data), "'\(augmentation)' changes pictures, not \(data.inputType.dtype)\(data.sampleShape)")
      precondition(epoch <= Int(UInt32.max), "epoch \(epoch) is beyond the last one")
    }
    self.normalization = normalization
    self.augmentation = augmentation.flatMap { $0.isIdentity ? nil : $0 }
    self.start = start
    self.prefetch = prefetch
  }

  /// Checks that no batch was left out.
  ///
  /// ```swift
  /// let batches = photos.batches(of: 32)
  /// for batch in batches { ... }
  /// try batches.check()
  /// ```
  /// - Throws: ``DataError`` or `FormatError` when the batches ended because a file could not be read.
  public func check() throws { if let error = failure.first { throw error } }

  /// The number of batches that the sequence gives, unless a file cannot be read.
  public var count: Int { Swift.max(plan.batchCount - start, 0) }
  /// The same for samples in memory; 0 for those in files, whose batches may end early.
  public var underestimatedCount: Int { data.isInMemory ? count : 0 }

  /// Starts making batches.
  public func makeIterator() -> BatchIterator { BatchIterator(self) }
}

/// What ended the batches of a sequence before their time.
final class BatchFailure: Sendable {
  private let error = Mutex<(any Error)?>(nil)

  /// The first failure, if there is one.
  var first: (any Error)? { error.withLock { $0 } }

  /// Takes note of a failure.
  func note(_ new: any Error) { error.withLock { $0 = $0 ?? new } }
}

/// Makes the batches of a sequence one after another.
struct BatchProducer {
  private let sequence: BatchSequence
  private var next: Int
  private var order: [UInt32] = []

  init(_ sequence: BatchSequence) {
    self.sequence = sequence
    next = sequence.start
  }

  /// The next batch, or nil after the last one and when a file could not be read. The first call sorts out the order of
  /// the epoch.
  mutating func produce() -> Batch? {
    let plan = sequence.plan
    guard next < plan.batchCount, sequence.failure.first == nil else { return nil }
    if order.isEmpty {
      order = plan.order(epoch: sequence.epoch)
      if plan.shuffle, let lengths = sequence.data.lengths {
        order = LengthBuckets.sorted(
          order, lengths: lengths, batchSize: plan.batchSize, seed: plan.seed, epoch: sequence.epoch)
      }
    }
    defer { next += 1 }
    let samples = order[plan.places(batch: next)]
    let changer = sequence.augmentation.map { PictureChanger(augmentation: $0, seed: plan.seed, epoch: sequence.epoch) }
    do {
      return try sequence.data.batch(samples, sequence.normalization, changer, epoch: sequence.epoch, index: next)
    } catch {
      sequence.failure.note(error)
      return nil
    }
  }
}
