import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A loop whose turns several threads share, for work before a training begins.
enum ParallelLoop {
  /// Threads at most: each decodes a picture of its own.
  private static let mostThreads = 8

  /// Calls `body` with every number below `count`, in no order, and returns after the last call.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let job = Job(count: count, body)
    let processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
    var threads: [pthread_t] = []
    for _ in 1..<max(min(processors, mostThreads, count), 1) {
      var thread = pthread_t(bitPattern: 0)
      let argument = Unmanaged.passRetained(job)
      guard pthread_create(&thread, nil, runJob, argument.toOpaque()) == 0 else {
        // No thread to be had: the others do its turns.
        argument.release()
        break
      }
      #if canImport(Glibc)
        threads.append(thread)
      #else
        if let thread { threads.append(thread) }
      #endif
    }
    job.run()
    for thread in threads { pthread_join(thread, nil) }
  }

  private final class Job: Sendable {
    private let count: Int
    private let next = Atomic(0)
    private let body: @Sendable (Int) -> Void

    init(count: Int, _ body: @escaping @Sendable (Int) -> Void) { (self.count, self.body) = (count, body) }

    func run() {
      while true {
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard turn < count else { return }
        body(turn)
      }
    }
  }

  #if canImport(Glibc)
    private static let runJob: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
      if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run() }
      return nil
    }
  #else
    private static let runJob: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { argument in
      Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run()
      return nil
    }
  #endif
}
