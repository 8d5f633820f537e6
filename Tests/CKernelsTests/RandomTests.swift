// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation
import Testing

private func block(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
  var output = [UInt32](repeating: 0, count: 4)
  apus_philox_block(counter, key, &output)
  return output
}

private let seed: UInt64 = 0x1234_5678_9ABC_DEF0, stream: UInt64 = 0xFEDC_BA98_7654_3210

private func words(_ count: Int, threads: Int = 1) -> [UInt32] {
  var result = [UInt32](repeating: 0, count: count)
  apus_philox_bits_u32(&result, Int64(count), seed, stream, Int32(threads))
  return result
}

/// Moments of standard normal values, each with its deviation in units of its standard error.
private func momentErrors(_ x: [Double]) -> [Double] {
  let n = Double(x.count)
  let mean = x.reduce(0, +) / n, square = x.reduce(0) { $0 + $1 * $1 } / n
  let cube = x.reduce(0) { $0 + $1 * $1 * $1 } / n, fourth = x.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n
  let neighbours = zip(x, x.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / n
  return [
    mean * n.squareRoot(), (square - 1) * (n / 2).squareRoot(), cube * (n / 15).squareRoot(),
    (fourth - 3) * (n / 96).squareRoot(), neighbours * n.squareRoot(),
  ]
}

@Suite struct RandomTests {
  /// Vectors published with the authors' Random123 library (kat_vectors, philox4x32 10).
  @Test func knownAnswers() {
    #expect(block([0, 0, 0, 0], [0, 0]) == [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8])
    let ones = UInt32.max
    #expect(block([ones, ones, ones, ones], [ones, ones]) == [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD])
    #expect(
      block([0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0])
        == [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1])
  }

  @Test(arguments: [0, 1, 3, 31, 32, 33, 70_001]) func wordsFollowTheCounter(count: Int) {
    let expected = (0..<(count + 3) / 4).flatMap { b in
      block(
        [UInt32(b), 0, UInt32(truncatingIfNeeded: stream), UInt32(stream >> 32)],
        [UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)])
    }
    for threads in threadCounts { #expect(words(count, threads: threads) == Array(expected.prefix(count))) }
  }

  @Test(arguments: [1, 15, 17, 40_003]) func uniform(count: Int) {
    let bits = words(2 * count)
    for threads in threadCounts {
      let narrow = Memory([Float](repeating: -1, count: count)), wide = Memory([Double](repeating: -1, count: count))
      apus_philox_uniform_f32(
        narrow.base.assumingMemoryBound(to: Float.self), Int64(count), seed, stream, Int32(threads))
      apus_philox_uniform_f64(
        wide.base.assumingMemoryBound(to: Double.self), Int64(count), seed, stream, Int32(threads))
      #expect(narrow.isIntact && wide.isIntact)
      #expect(narrow.read(Float.self) == (0..<count).map { Float(bits[$0] >> 8) * 0x1p-24 })
      #expect(
        wide.read(Double.self)
          == (0..<count).map { Double(UInt64(bits[2 * $0]) << 21 | UInt64(bits[2 * $0 + 1] >> 11)) * 0x1p-53 })
    }
  }

  /// The header's formula, and the same prefix whatever the count.
  @Test(arguments: [1, 2, 31, 33, 20_001]) func normal(count: Int) {
    let even = (count + 1) / 2 * 2
    var u = [Float](repeating: 0, count: even), v = [Double](repeating: 0, count: even)
    apus_philox_uniform_f32(&u, Int64(even), seed, stream, 1)
    apus_philox_uniform_f64(&v, Int64(even), seed, stream, 1)
    func boxMuller(_ i: Int, _ radius: Double, _ angle: Double) -> Double {
      (-2 * log(1 - radius)).squareRoot() * (i % 2 == 0 ? cos(2 * .pi * angle) : sin(2 * .pi * angle))
    }
    for threads in threadCounts {
      let narrow = Memory([Float](repeating: 9, count: count)), wide = Memory([Double](repeating: 9, count: count))
      apus_philox_normal_f32(
        narrow.base.assumingMemoryBound(to: Float.self), Int64(count), seed, stream, Int32(threads))
      apus_philox_normal_f64(wide.base.assumingMemoryBound(to: Double.self), Int64(count), seed, stream, Int32(threads))
      #expect(narrow.isIntact && wide.isIntact)
      let expectedNarrow = (0..<count).map { boxMuller($0, Double(u[$0 / 2 * 2]), Double(u[$0 / 2 * 2 + 1])) }
      let expectedWide = (0..<count).map { boxMuller($0, v[$0 / 2 * 2], v[$0 / 2 * 2 + 1]) }
      #expect(
        mismatches(narrow.read(Float.self).map { Double($0) }, expectedNarrow, relative: 3e-7, absolute: 1e-7) == 0)
      #expect(mismatches(wide.read(Double.self), expectedWide, relative: 1e-15, absolute: 3e-15) == 0)
    }
  }

  @Test func distributions() {
    let count = 400_000
    var narrow = [Float](repeating: 0, count: count), wide = [Double](repeating: 0, count: count)
    apus_philox_normal_f32(&narrow, Int64(count), 7, 1, 2)
    apus_philox_normal_f64(&wide, Int64(count), 7, 2, 2)
    #expect(momentErrors(narrow.map { Double($0) }).allSatisfy { $0.magnitude < 4.5 })
    #expect(momentErrors(wide).allSatisfy { $0.magnitude < 4.5 })
    #expect(narrow.allSatisfy { $0.isFinite } && wide.allSatisfy { $0.isFinite })
    apus_philox_uniform_f64(&wide, Int64(count), 7, 3, 2)
    #expect(wide.allSatisfy { $0 >= 0 && $0 < 1 })
    // Scaled so that mean and variance are those of a standard normal.
    let scaled = wide.map { ($0 - 0.5) * 12.0.squareRoot() }
    #expect((scaled.reduce(0, +) / Double(count).squareRoot()).magnitude < 4.5)
  }

  @Test func seedsAndStreamsDiffer() {
    var a = [UInt32](repeating: 0, count: 64), b = a, c = a
    apus_philox_bits_u32(&a, 64, 1, 1, 1)
    apus_philox_bits_u32(&b, 64, 2, 1, 1)
    apus_philox_bits_u32(&c, 64, 1, 1 << 40, 1)
    #expect(Set(a).isDisjoint(with: b) && Set(a).isDisjoint(with: c))
  }
}
