import CKernels
import Synchronization

/// How the CPU backend uses the machine.
public struct CPUOptions: Sendable, Hashable {
  /// Threads a kernel may use; small kernels use fewer.
  public var threads: Int
  /// Whether results must not depend on the number of threads: library kernels then run in fixed pieces on one thread.
  public var isDeterministic: Bool

  /// Options; by default all processors, results the same for the same number of threads.
  public init(threads: Int = CPUOptions.availableThreads, isDeterministic: Bool = false) {
    self.threads = max(threads, 1)
    self.isDeterministic = isDeterministic
  }

  /// The processors this process may use.
  public static var availableThreads: Int { Int(apus_max_threads()) }

  /// Threads for a kernel that moves or computes about this many elements.
  ///
  /// Below about ten microseconds of work a second thread gains nothing, and costs much when another program holds its
  /// processor.
  func threads(forElements count: Int) -> Int32 { Int32(count < 32_768 ? 1 : threads) }

  /// Threads for a kernel with this many multiply-adds.
  func threads(forMultiplyAdds count: Int) -> Int32 { Int32(count < 500_000 ? 1 : threads) }
}
