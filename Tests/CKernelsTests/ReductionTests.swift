// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

private let kinds = [APUS_SUM, APUS_MAX, APUS_MIN, APUS_PROD]
/// Rows shorter and longer than a tile and a block, narrow and wide columns, several column segments and parts.
private let shapes: [(Int, Int, Int)] = [
  (1, 1, 1), (1, 7, 1), (1, 5000, 1), (1, 20_000, 1), (130, 10, 1), (3, 257, 1), (5, 513, 1), (2, 9000, 1), (700, 1, 1),
  (1, 128, 512), (1, 700, 10), (1, 33, 1), (2, 300, 7), (1, 300, 1030), (3, 4, 513), (40, 9, 8), (1, 3000, 3),
]

private func reference<T: BinaryFloatingPoint>(
  _ values: [T], _ kind: apus_reduction, _ shape: (Int, Int, Int)
) -> [Double] {
  let (outer, reduced, inner) = shape
  var result: [Double] = []
  for o in 0..<outer {
    for i in 0..<inner {
      let column = (0..<reduced).map { Double(values[(o * reduced + $0) * inner + i]) }
      switch kind {
      case APUS_SUM: result.append(column.reduce(0, +))
      case APUS_PROD: result.append(column.reduce(1, *))
      case APUS_MAX: result.append(column.reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) })
      default: result.append(column.reduce(.infinity) { $0.isNaN || $1.isNaN ? .nan : min($0, $1) })
      }
    }
  }
  return result
}

private func reduce<T: KernelElement>(
  _ kind: apus_reduction, _ values: [T], _ shape: (Int, Int, Int), threads: Int
) -> [T] {
  let input = Memory(values), output = Memory([T](repeating: T(), count: shape.0 * shape.2))
  apus_reduce(
    kind, T.dtype, input.base, output.base, Int64(shape.0), Int64(shape.1), Int64(shape.2), Int32(threads))
  #expect(output.isIntact)
  return output.read(T.self)
}

private func argreduce<T: KernelElement>(
  _ isMax: Bool, _ values: [T], _ shape: (Int, Int, Int), threads: Int
) -> [Int64] {
  let input = Memory(values), output = Memory([Int64](repeating: -1, count: shape.0 * shape.2))
  apus_argreduce(
    isMax ? 1 : 0, T.dtype, input.base, output.base.assumingMemoryBound(to: Int64.self), Int64(shape.0), Int64(shape.1),
    Int64(shape.2), Int32(threads))
  return withExtendedLifetime(input) { output.read(Int64.self) }
}

@Suite struct ReductionTests {
  /// Against double sums, within the documented bound; every thread count gives the same bits.
  @Test(arguments: kinds.map(\.rawValue), shapes.indices) func floatingPoint(kind: UInt32, shape: Int) {
    func check<T: BinaryFloatingPoint & KernelElement>(_ type: T.Type) {
      let kind = apus_reduction(kind), shape = shapes[shape]
      var random = Randomness(11)
      var values: [T] = random.values(shape.0 * shape.1 * shape.2)
      // Products near 1, or they would all vanish.
      if kind == APUS_PROD { values = values.map { 1 + $0 / 64 } }
      let expected = reference(values, kind, shape), magnitudes = reference(values.map(\.magnitude), kind, shape)
      let first = reduce(kind, values, shape, threads: 1)
      let epsilon = Double(T.ulpOfOne) / 2
      for (i, got) in first.enumerated() {
        let bound: Double
        switch kind {
        case APUS_SUM: bound = 140 * epsilon * magnitudes[i]
        case APUS_PROD: bound = Double(shape.1 + 2) * epsilon * expected[i].magnitude
        default: bound = 0
        }
        #expect((Double(got) - expected[i]).magnitude <= bound, "\(kind) \(shape) at \(i)")
      }
      for threads in threadCounts { #expect(identical(reduce(kind, values, shape, threads: threads), first)) }
    }
    check(Float.self)
    check(Double.self)
  }

  /// The elementwise value is reduced without being stored, whatever the layout of its inputs.
  @Test(arguments: shapes.indices) func fused(shape index: Int) {
    let shape = shapes[index], count = shape.0 * shape.1 * shape.2
    var random = Randomness(12)
    let a: [Float] = random.values(count), bias: [Float] = random.values(shape.2)
    let program = Program(
      APUS_F32, [(APUS_OP_ADD, 3, 0, 1, 0), (APUS_OP_SQUARE, 4, 3, 0, 0), (APUS_OP_MUL, 4, 4, 2, 0)],
      inputs: [APUS_F32, APUS_F32], scalars: 1, temps: 2, outputs: [4], extents: [shape.0 * shape.1, shape.2],
      strides: [[shape.2, 1], [0, 1]])
    let values = a.indices.map { i in
      let sum = a[i] + bias[i % shape.2]
      return sum * sum * 3
    }
    for kind in kinds.prefix(3) {
      let expected = reduce(kind, values, shape, threads: 1)
      for threads in threadCounts {
        let got = program.reduce(Float.self, [Memory(a), Memory(bias)], kind, shape, scalars: [3], threads: threads)
        #expect(identical(got, expected), "\(kind) \(shape)")
      }
    }
  }

  @Test func reductionOfConstantsAndConversions() {
    let program = Program(
      APUS_F64, [], inputs: [APUS_BOOL], scalars: 1, temps: 0, outputs: [1], extents: [1000])
    #expect(
      program.reduce(Double.self, [Memory([UInt8](repeating: 0, count: 1000))], APUS_SUM, (1, 1000, 1), scalars: [0.5])
        == [500])
    let count = Program(APUS_F32, [], inputs: [APUS_BOOL], temps: 0, outputs: [0], extents: [1000])
    let flags = (0..<1000).map { UInt8($0 % 3 == 0 ? 1 : 0) }
    #expect(count.reduce(Float.self, [Memory(flags)], APUS_SUM, (1, 1000, 1)) == [334])
  }

  @Test func emptyReductions() {
    #expect(reduce(APUS_SUM, [Float](), (2, 0, 2), threads: 2) == [0, 0, 0, 0])
    #expect(reduce(APUS_PROD, [Double](), (1, 0, 1), threads: 1) == [1])
    #expect(reduce(APUS_MAX, [Float](), (1, 0, 1), threads: 1) == [-.infinity])
    #expect(reduce(APUS_MIN, [Double](), (1, 0, 2), threads: 1) == [.infinity, .infinity])
    #expect(reduce(APUS_MAX, [Int32](), (1, 0, 1), threads: 1) == [.min])
    #expect(reduce(APUS_SUM, [Float](), (0, 5, 3), threads: 1) == [])
  }

  /// NaN wins at the start, in the middle and at the end of rows and columns.
  @Test(arguments: [0, 5, 31, 32, 600, 4099, 4999]) func notANumber(place: Int) {
    var values = [Float](repeating: 1, count: 5000)
    values[place] = .nan
    for kind in kinds {
      #expect(reduce(kind, values, (1, 5000, 1), threads: 2)[0].isNaN)
      let columns = reduce(kind, values, (1, 500, 10), threads: 2)
      #expect(columns.indices.filter { columns[$0].isNaN } == [place % 10])
    }
  }

  @Test(arguments: [(1, 1000, 1), (7, 13, 5), (1, 9, 300)]) func integers(shape: (Int, Int, Int)) {
    var random = Randomness(13)
    let small = (0..<shape.0 * shape.1 * shape.2).map { _ in Int32(truncatingIfNeeded: random.next()) }
    let wide = small.map { Int64($0) << 31 | 5 }
    func expected<T: FixedWidthInteger>(_ values: [T], _ start: T, _ combine: (T, T) -> T) -> [T] {
      (0..<shape.0 * shape.2).map { place in
        (0..<shape.1).reduce(start) {
          combine($0, values[(place / shape.2 * shape.1 + $1) * shape.2 + place % shape.2])
        }
      }
    }
    for threads in threadCounts {
      #expect(reduce(APUS_SUM, small, shape, threads: threads) == expected(small, 0, &+))
      #expect(reduce(APUS_PROD, wide, shape, threads: threads) == expected(wide, 1, &*))
      #expect(reduce(APUS_MAX, wide, shape, threads: threads) == expected(wide, .min, max))
      #expect(reduce(APUS_MIN, small, shape, threads: threads) == expected(small, .max, min))
    }
  }

  @Test func argumentOfExtremes() {
    let values: [Float] = [3, 1, 3, -2, -2, 0, .infinity, 7, .nan, 2, .nan, -.infinity]
    for threads in threadCounts {
      #expect(argreduce(true, values, (4, 3, 1), threads: threads) == [0, 2, 2, 1])
      #expect(argreduce(false, values, (4, 3, 1), threads: threads) == [1, 0, 2, 1])
      #expect(argreduce(true, values, (1, 4, 3), threads: threads) == [2, 3, 2])
      #expect(argreduce(false, values, (2, 2, 3), threads: threads) == [1, 1, 1, 1, 1, 0])
      #expect(argreduce(true, values.map { Double($0) }, (1, 12, 1), threads: threads) == [8])
    }
    #expect(argreduce(true, [5, 9, 9, 2] as [Int32], (1, 4, 1), threads: 1) == [1])
    #expect(argreduce(false, [5, .min, 9, .min] as [Int64], (1, 4, 1), threads: 1) == [1])
  }
}
