import ApusTensor
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct BatchTests {
  @Test func philoxGivesTheNumbersOfThePaper() {
    // Known answers of Random123, philox4x32-10.
    #expect(
      PhiloxGenerator.block(counter: (0, 0, 0, 0), key: (0, 0)) == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = UInt32.max
    #expect(
      PhiloxGenerator.block(counter: (ones, ones, ones, ones), key: (ones, ones))
        == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      PhiloxGenerator.block(
        counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
        == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    var generator = PhiloxGenerator(seed: 0, stream: 0)
    #expect(generator.next() == 0xe169_c58d_6627_e8d5)
    #expect(generator.next() == 0x9b00_dbd8_bc57_ac4c)
  }

  @Test func permutationsAreUniform() {
    // 24 orders of 4 elements over 2,400 epochs: each about 100 times (chi-squared with 23 degrees, p = 1e-6 at 67).
    var counts: [[UInt32]: Int] = [:]
    for epoch in 0..<2400 {
      counts[BatchPlan(sampleCount: 4, batchSize: 1, seed: 5).order(epoch: epoch), default: 0] += 1
    }
    #expect(counts.count == 24)
    #expect(counts.values.reduce(0.0) { $0 + Double(($1 - 100) * ($1 - 100)) / 100 } < 67)
    var generator = PhiloxGenerator(seed: 1, stream: 2)
    #expect(generator.permutation(of: 0).isEmpty)
    #expect(generator.permutation(of: 1) == [0])
    #expect(generator.permutation(of: 1000).sorted() == (0..<1000).map { UInt32($0) })
  }

  @Test func contentIsAFunctionOfSeedEpochAndIndex() throws {
    let plan = BatchPlan(sampleCount: 103, batchSize: 10, seed: 42)
    #expect(plan.batchCount == 11)
    let whole = (0..<11).flatMap { plan.samples(epoch: 3, batch: $0) }
    #expect(whole.sorted() == Array(0..<103))
    #expect(plan.samples(epoch: 3, batch: 10).count == 3)
    #expect(plan.samples(epoch: 4, batch: 0) != plan.samples(epoch: 3, batch: 0))
    let otherSeed = BatchPlan(sampleCount: 103, batchSize: 10, seed: 42 + 1 << 32)
    #expect(otherSeed.samples(epoch: 3, batch: 0) != plan.samples(epoch: 3, batch: 0))
    // These numbers may never change: runs are resumed by later versions.
    #expect(plan.samples(epoch: 3, batch: 2) == [50, 53, 3, 37, 93, 32, 75, 11, 33, 16])
    let still = BatchPlan(sampleCount: 103, batchSize: 10, shuffle: false, dropLast: true)
    #expect(still.batchCount == 10 && still.samples(epoch: 9, batch: 1) == Array(10..<20))
    #expect(BatchPlan(sampleCount: 100, batchSize: 10).batchCount == 10)
    #expect(BatchPlan(sampleCount: 3, batchSize: 10, dropLast: true).batchCount == 0)
    #expect(BatchPlan(sampleCount: 0, batchSize: 10).batchCount == 0)
  }

  @Test(arguments: [0, 1, 2, 7])
  func sequencesFollowThePlan(prefetch: Int) throws {
    let data = try sample(103, [2])
    for shuffle in [true, false] {
      for dropLast in [true, false] {
        for start in [0, 4, 10, 11, 20] {
          let sequence = data.batches(
            of: 10, seed: 9, epoch: 2, shuffle: shuffle, dropLast: dropLast, startingAt: start, prefetch: prefetch)
          let plan = BatchPlan(sampleCount: 103, batchSize: 10, seed: 9, shuffle: shuffle, dropLast: dropLast)
          #expect(sequence.plan == plan)
          let batches = Array(sequence)
          #expect(batches.count == max((dropLast ? 10 : 11) - start, 0) && sequence.count == batches.count)
          for (offset, batch) in batches.enumerated() {
            let samples = sequence.plan.samples(epoch: 2, batch: start + offset)
            #expect(batch.index == start + offset && batch.epoch == 2 && batch.count == samples.count)
            #expect(batch.inputs.scalars(as: Float.self) == samples.flatMap { [Float(2 * $0), Float(2 * $0 + 1)] })
            #expect(batch.targets.scalars(as: Int32.self) == samples.map { Int32($0 % 3) })
          }
        }
      }
    }
  }

  @Test func stopsWhenTheIteratorIsDropped() throws {
    let data = try sample(100_000, [1])
    let before = threadCount()
    for _ in 0..<50 {
      for (taken, _) in data.batches(of: 1, prefetch: 3).enumerated() where taken == 5 { break }
      _ = data.batches(of: 1).makeIterator()
    }
    let iterator = data.batches(of: 50_000).makeIterator()
    #expect(iterator.next() != nil && iterator.next() != nil)
    #expect(iterator.next() == nil && iterator.next() == nil)
    // Other tests run beside this one, so that only a leak of many threads shows.
    #expect(threadCount() < before + 40)
  }

  @Test func queuesStopAndFinish() throws {
    let data = try sample(10)
    let queue = BatchQueue(capacity: 1)
    #expect(queue.put(try data.batch([0])))
    queue.stop()
    #expect(!queue.put(try data.batch([1])), "a stopped queue takes nothing")
    #expect(queue.take()?.count == 1)
    queue.finish()
    #expect(queue.take() == nil)
  }

  private func threadCount() -> Int {
    guard let directory = opendir("/proc/self/task") else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }

  @Test func leavesInputsAsTheyAreWithoutNormalization() throws {
    let bytes = try Dataset(
      name: "b", inputs: HostArray([UInt8](0..<12), shape: [4, 3]), targets: HostArray([Int32](0..<4), shape: [4]),
      classNames: ["a", "b", "c", "d"])
    let batch = try bytes.batch([2, 0])
    #expect(batch.inputs.type == TensorType([2, 3], .uint8))
    #expect(batch.inputs.scalars(as: UInt8.self) == [6, 7, 8, 0, 1, 2])
    #expect(batch.targets.scalars(as: Int32.self) == [2, 0])
  }
}
