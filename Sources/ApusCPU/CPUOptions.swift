import CKernels
import Foundation
import Synchronization

/// How the CPU backend uses the machine.
public struct CPUOptions: Sendable, Hashable {
  /// Threads a kernel may use; small kernels use fewer.
  public var threads: Int
  /// Whether results must not depend on the number of threads: library kernels then run in fixed pieces on one thread.
  public var isDeterministic: Bool
  /// Whether 3x3 convolutions may be computed by Winograd's F(4x4, 3x3), up to twice as fast and about a digit and a half
  /// less exact than the direct way; see Documentation/Numerics.md.
  public var usesWinograd: Bool
  /// Whether the kernel of a convolution is chosen by measuring instead of by its sizes, once for each on a machine; what was
  /// measured is kept in a file. Nothing is measured or read where results must not depend on the number of threads.
  public var measuresKernels: Bool

  /// Options; by default all processors, results the same for the same number of threads, Winograd's convolution unless
  /// the environment says `APUS_WINOGRAD=0`.
  public init(
    threads: Int = CPUOptions.availableThreads, isDeterministic: Bool = false,
    usesWinograd: Bool = CPUOptions.allowsWinograd, measuresKernels: Bool = false
  ) {
    self.threads = max(threads, 1)
    self.isDeterministic = isDeterministic
    self.usesWinograd = usesWinograd
    self.measuresKernels = measuresKernels
  }

  /// Whether the environment leaves Winograd's convolution on: `APUS_WINOGRAD=0` turns it off.
  public static let allowsWinograd = ProcessInfo.processInfo.environment["APUS_WINOGRAD"] != "0"

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
