// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

/// What a region writes: for each chunk how often it ran, and on which thread.
private struct Record {
  var runs: UnsafeMutablePointer<Int32>
  var threads: UnsafeMutablePointer<Int32>
}

@Suite struct ParallelTests {
  private func record(
    threads: Int, chunks: Int, _ body: @convention(c) (UnsafeMutableRawPointer?, Int64, Int32) -> Void
  )
    -> (runs: [Int32], threads: [Int32])
  {
    let runs = Memory([Int32](repeating: 0, count: chunks)), used = Memory([Int32](repeating: -1, count: chunks))
    var record = Record(
      runs: runs.base.assumingMemoryBound(to: Int32.self), threads: used.base.assumingMemoryBound(to: Int32.self))
    apus_parallel(Int32(threads), Int64(chunks), body, &record)
    return (runs.read(Int32.self), used.read(Int32.self))
  }

  /// Every chunk runs once; threads take ascending, contiguous, near-equal ranges.
  @Test(arguments: [0, 1, 2, 7, 100], [0, 1, 2, 3, 5]) func chunks(count: Int, threads: Int) {
    let result = record(threads: threads, chunks: count) { context, chunk, thread in
      let record = context!.assumingMemoryBound(to: Record.self).pointee
      record.runs[Int(chunk)] += 1
      record.threads[Int(chunk)] = thread
    }
    #expect(result.runs == [Int32](repeating: 1, count: count))
    #expect(result.threads == result.threads.sorted())
    #expect(result.threads.allSatisfy { (0..<Int32(max(threads, 1))).contains($0) })
    let used = Set(result.threads).count
    for thread in Set(result.threads) {
      let share = result.threads.count { $0 == thread }
      #expect(share >= count / max(used, 1) && share <= count / max(used, 1) + 1)
    }
  }

  /// Inside a region a second one runs inline, as thread 0.
  @Test func nested() {
    let result = record(threads: 2, chunks: 2) { context, chunk, _ in
      let record = context!.assumingMemoryBound(to: Record.self).pointee
      var inner = Record(runs: record.runs + Int(chunk), threads: record.threads + Int(chunk))
      apus_parallel(
        2, 10,
        { context, _, thread in
          let record = context!.assumingMemoryBound(to: Record.self).pointee
          record.runs[0] += 1
          record.threads[0] = max(record.threads[0], thread)
        }, &inner)
    }
    #expect(result.runs == [10, 10])
    #expect(result.threads == [0, 0])
  }

  @Test func description() {
    #expect(apus_max_threads() >= 1)
    #expect(["sse2", "avx2", "avx512"].contains(String(cString: apus_instruction_set())))
  }
}
