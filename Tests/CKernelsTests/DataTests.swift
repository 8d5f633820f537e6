// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

private func copied<T: FixedWidthInteger>(
  _ source: [T], start: Int, extents: [Int], sourceStrides: [Int], destination: Int, destinationStart: Int,
  destinationStrides: [Int], threads: Int
) -> [T] {
  let size = MemoryLayout<T>.size
  let src = Memory(source), dst = Memory([T](repeating: 99, count: destination))
  withExtendedLifetime(src) {
    apus_copy_strided(
      Int32(size), Int32(extents.count), extents.map { Int64($0) }, src.base + start * size,
      sourceStrides.map { Int64($0) }, dst.base + destinationStart * size, destinationStrides.map { Int64($0) },
      Int32(threads))
  }
  #expect(dst.isIntact)
  return dst.read(T.self)
}

private func expectedCopy<T: FixedWidthInteger>(
  _ source: [T], start: Int, extents: [Int], sourceStrides: [Int], destination: Int, destinationStart: Int,
  destinationStrides: [Int]
) -> [T] {
  var result = [T](repeating: 99, count: destination)
  let total = extents.reduce(1, *)
  for linear in 0..<total {
    var rest = linear, from = start, to = destinationStart
    for d in extents.indices.reversed() {
      from += rest % extents[d] * sourceStrides[d]
      to += rest % extents[d] * destinationStrides[d]
      rest /= extents[d]
    }
    result[to] = source[from]
  }
  return result
}

@Suite struct DataTests {
  /// (extents, source strides, source start, destination strides, destination start)
  static let copies: [([Int], [Int], Int, [Int], Int)] = [
    ([5000], [1], 0, [1], 0),  // one run
    ([70_000], [1], 3, [1], 2),  // several chunks of one run
    ([50, 60], [1, 50], 0, [60, 1], 0),  // transpose
    ([67, 131], [1, 70], 2, [140, 1], 5),  // transpose with odd edges and gaps
    ([300, 257], [1, 300], 0, [257, 1], 0),  // several chunks
    ([2, 8, 49], [392, 49, 1], 0, [392, 1, 8], 0),  // plain to blocked channels
    ([3, 4, 5, 6], [120, 1, 24, 4], 0, [120, 30, 6, 1], 0),  // a general permutation
    ([7, 9], [0, 1], 4, [9, 1], 0),  // repeat rows
    ([7, 9], [1, 0], 4, [9, 1], 0),  // repeat values
    ([4, 5], [-5, -1], 19, [5, 1], 0),  // reversed
    ([4, 5], [5, 1], 0, [-5, 1], 15),  // rows written backwards
    ([6, 10], [20, 2], 0, [30, 3], 1),  // every second to every third
    ([3, 1, 4], [4, 77, 1], 0, [4, -3, 1], 0),  // extent 1 ignores its stride
    ([], [], 2, [], 1), ([3, 0], [1, 1], 0, [1, 1], 0),
  ]

  @Test(arguments: copies.indices) func stridedCopy(index: Int) {
    let (extents, sourceStrides, start, destinationStrides, destinationStart) = DataTests.copies[index]
    func check<T: FixedWidthInteger>(_ type: T.Type) {
      let source = (0..<100_000).map { T(truncatingIfNeeded: $0 &* 2_654_435_761) }
      let destination = 100_000
      let expected = expectedCopy(
        source, start: start, extents: extents, sourceStrides: sourceStrides, destination: destination,
        destinationStart: destinationStart, destinationStrides: destinationStrides)
      for threads in threadCounts {
        let got = copied(
          source, start: start, extents: extents, sourceStrides: sourceStrides, destination: destination,
          destinationStart: destinationStart, destinationStrides: destinationStrides, threads: threads)
        #expect(got == expected, "\(T.self), \(threads) threads")
      }
    }
    check(UInt8.self)
    check(UInt16.self)
    check(UInt32.self)
    check(UInt64.self)
  }

  @Test(arguments: [0, 1, 9, 100_000]) func fill(count: Int) {
    func check<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
      for threads in threadCounts {
        let memory = Memory([T](repeating: 0, count: count))
        var value = value
        apus_fill(Int32(MemoryLayout<T>.size), memory.base, &value, Int64(count), Int32(threads))
        #expect(memory.isIntact)
        #expect(memory.read(T.self) == [T](repeating: value, count: count))
      }
    }
    check(UInt8(0xAB))
    check(UInt16(0xABCD))
    check(UInt32(0xABCD_EF01))
    check(UInt64(0xABCD_EF01_2345_6789))
  }

  @Test(arguments: [1, 5, 64, 3000]) func gatherRows(length: Int) {
    let rows = 7, indices: [Int64] = [6, 0, 3, 3, -1, 7, 2, 6, 1, 0, 5]
    let source = (0..<rows * length).map { Int32($0 + 1) }
    for threads in threadCounts {
      let src = Memory(source), dst = Memory([Int32](repeating: -5, count: indices.count * length))
      let invalid = apus_gather_rows(
        4, src.base, Int64(rows), Int64(length), indices, Int64(indices.count), dst.base, Int32(threads))
      let expected = indices.flatMap { index in
        (0..<length).map { (0..<7).contains(index) ? source[Int(index) * length + $0] : 0 }
      }
      #expect(withExtendedLifetime(src) { dst.read(Int32.self) } == expected)
      #expect(invalid == 4)
      #expect(dst.isIntact)
    }
    let src = Memory(source), dst = Memory([Int32](repeating: 0, count: length))
    #expect(apus_gather_rows(4, src.base, 7, Int64(length), [5], 1, dst.base, 1) == -1)
  }

  @Test func firstPositions() {
    var random = Randomness(5)
    for (count, range) in [(0, 1), (1, 1), (300, 40), (300, 1), (300, 1 << 40)] {
      let indices = (0..<count).map { _ in Int64(random.next() % UInt64(range)) - 20 }
      var slots = 2
      while slots <= count { slots *= 2 }
      let first = Memory([Int64](repeating: -5, count: count)), table = Memory([Int64](repeating: 3, count: slots))
      apus_first_positions(
        indices, Int64(count), first.base.assumingMemoryBound(to: Int64.self),
        table.base.assumingMemoryBound(to: Int64.self), Int64(slots))
      #expect(first.read(Int64.self) == indices.map { index in Int64(indices.firstIndex(of: index) ?? -1) })
      #expect(first.isIntact && table.isIntact)
    }
  }

  /// Of equal indices the first counts, and no other row is written.
  @Test(arguments: [0, 1, 5, 64, 1000]) func replaceRows(length: Int) {
    let indices: [Int64] = [6, 0, 3, 3, -1, 7, 6, 0, 3]
    let source = (0..<indices.count * length).map { Int32($0 + 1) }
    for threads in threadCounts {
      let src = Memory(source), dst = Memory([Int32](repeating: -5, count: 7 * length))
      let invalid = apus_replace_rows(
        4, dst.base, 7, Int64(length), indices, Int64(indices.count), src.base, Int32(threads))
      let expected = (0..<7).flatMap { row in
        (0..<length).map { column in
          indices.firstIndex(of: Int64(row)).map { source[$0 * length + column] } ?? -5
        }
      }
      #expect(withExtendedLifetime(src) { dst.read(Int32.self) } == expected)
      #expect(invalid == 4 && dst.isIntact)
    }
    let src = Memory(source), dst = Memory([Int32](repeating: 0, count: 7 * length))
    #expect(apus_replace_rows(4, dst.base, 7, Int64(length), [5], 1, src.base, 1) == -1)
  }

  /// Repeated indices add in order: with these magnitudes another order gives other bits.
  @Test(arguments: [1, 5, 64, 1000]) func scatterAddRows(length: Int) {
    func check<T: BinaryFloatingPoint & KernelElement>(_ type: T.Type) {
      var random = Randomness(21)
      let rows = 5, count = 200
      let indices = (0..<count).map { _ in Int64(random.next() % 7) - 1 }
      let addends: [T] = random.values(count * length, scale: 1e6), start: [T] = random.values(rows * length)
      var expected = start
      for (j, index) in indices.enumerated() where (0..<5).contains(index) {
        for c in 0..<length { expected[Int(index) * length + c] += addends[j * length + c] }
      }
      for threads in threadCounts {
        let dst = Memory(start), src = Memory(addends)
        let invalid = apus_scatter_add_rows(
          T.dtype, dst.base, Int64(rows), Int64(length), indices, Int64(count), src.base, Int32(threads))
        #expect(identical(withExtendedLifetime(src) { dst.read(T.self) }, expected))
        #expect(invalid == Int64(indices.firstIndex { !(0..<5).contains($0) } ?? -1))
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
