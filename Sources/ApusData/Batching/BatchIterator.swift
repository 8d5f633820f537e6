#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Gives the batches of an epoch; a background thread makes them ahead of their use.
///
/// The thread sleeps while enough batches are ready. It ends with the epoch, or, when the iterator is released before,
/// after the batch it is making: the iterator waits for that.
public final class BatchIterator: IteratorProtocol {
  private let queue: BatchQueue?
  private var thread: pthread_t?
  private var producer: BatchProducer

  init(_ sequence: BatchSequence) {
    producer = BatchProducer(sequence)
    guard sequence.prefetch > 0, sequence.count > 0 else {
      queue = nil
      return
    }
    let queue = BatchQueue(capacity: sequence.prefetch)
    let job = Unmanaged.passRetained(PrefetchJob(sequence: sequence, queue: queue))
    var thread = pthread_t(bitPattern: 0)
    let status = pthread_create(&thread, nil, runPrefetchJob, job.toOpaque())
    guard status == 0 else {
      // No thread to be had: batches are made when they are asked for.
      job.release()
      self.queue = nil
      return
    }
    self.queue = queue
    self.thread = thread
  }

  deinit {
    queue?.stop()
    if let thread { pthread_join(thread, nil) }
  }

  /// The next batch, or nil at the end of the epoch.
  public func next() -> Batch? {
    guard let queue else { return producer.produce() }
    return queue.take()
  }
}

/// What the background thread works on.
private final class PrefetchJob: Sendable {
  let sequence: BatchSequence
  let queue: BatchQueue

  init(sequence: BatchSequence, queue: BatchQueue) {
    self.sequence = sequence
    self.queue = queue
  }

  func run() {
    var producer = BatchProducer(sequence)
    while let batch = producer.produce() {
      guard queue.put(batch) else { return }
    }
    queue.finish()
  }
}

#if canImport(Glibc)
  private func runPrefetchJob(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { Unmanaged<PrefetchJob>.fromOpaque(argument).takeRetainedValue().run() }
    return nil
  }
#else
  private func runPrefetchJob(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<PrefetchJob>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }
#endif

/// A queue between the thread that makes batches and the one that uses them.
///
/// `@unchecked Sendable`: `ready`, `isFinished` and `isStopped` are read and written only while `mutex` is held; the
/// mutex and the conditions live at fixed addresses from `init` to `deinit`.
final class BatchQueue: @unchecked Sendable {
  private let capacity: Int
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var ready: [Batch] = []
  private var isFinished = false
  private var isStopped = false

  init(capacity: Int) {
    self.capacity = capacity
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    changed = .allocate(capacity: 1)
    changed.initialize(to: pthread_cond_t())
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    changed.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Adds a batch, waiting for room.
  ///
  /// - Returns: false when nobody wants batches any more.
  func put(_ batch: Batch) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while ready.count >= capacity && !isStopped { pthread_cond_wait(changed, mutex) }
    guard !isStopped else { return false }
    ready.append(batch)
    pthread_cond_broadcast(changed)
    return true
  }

  /// The oldest batch, waiting for it; nil after the last one.
  func take() -> Batch? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while ready.isEmpty && !isFinished { pthread_cond_wait(changed, mutex) }
    guard !ready.isEmpty else { return nil }
    let batch = ready.removeFirst()
    pthread_cond_broadcast(changed)
    return batch
  }

  /// Says that no batch will follow.
  func finish() { set { isFinished = true } }

  /// Says that no batch is wanted any more.
  func stop() { set { isStopped = true } }

  private func set(_ change: () -> Void) {
    pthread_mutex_lock(mutex)
    change()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
