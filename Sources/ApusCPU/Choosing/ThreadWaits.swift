import Foundation

/// How long each thread of this process has waited for a processor that others held.
struct ThreadWaits: Sendable {
  /// Nanoseconds that a thread was ready to run and did not, as Linux counts them; empty where it does not.
  var byThread: [String: UInt64] = [:]

  static let current: @Sendable () -> ThreadWaits = {
    let folder = "/proc/self/task"
    var waits = ThreadWaits()
    for thread in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      // Time on a processor, time waiting for one, and how often it ran.
      let fields = (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8))?.split(
        separator: " ")
      if let fields, fields.count == 3, let wait = UInt64(fields[1]) { waits.byThread[thread] = wait }
    }
    return waits
  }

  /// What the threads that lived at both moments waited between them, in nanoseconds; a thread that ended takes
  /// what it had waited before with it, so the sums of all cannot be compared.
  func since(_ earlier: ThreadWaits) -> UInt64 {
    byThread.reduce(0) { sum, entry in
      guard let before = earlier.byThread[entry.key], entry.value > before else { return sum }
      return sum + (entry.value - before)
    }
  }
}
