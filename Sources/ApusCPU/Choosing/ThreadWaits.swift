import Foundation

/// How long this process has waited for a processor that others held.
enum ThreadWaits {
  /// Nanoseconds that all threads together were ready to run and did not, as Linux counts them; 0 where it does not.
  static let total: @Sendable () -> UInt64 = {
    let folder = "/proc/self/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return threads.reduce(0) { sum, thread in
      // Time on a processor, time waiting for one, and how often it ran.
      let fields = (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8))?.split(
        separator: " ")
      return sum &+ (fields.flatMap { $0.count == 3 ? UInt64($0[1]) : nil } ?? 0)
    }
  }
}
