// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation
import Testing

@Suite struct SoftmaxTests {
  private func check<T: BinaryFloatingPoint & KernelElement>(_ type: T.Type, columns: Int, tolerance: T) {
    let rows = 13
    var random = Randomness(61)
    let x: [T] = random.values(rows * columns, scale: 30), dy: [T] = random.values(rows * columns)
    for log in [false, true] {
      var y: [T] = [], dx: [T] = []
      for row in 0..<rows {
        let values = x[row * columns..<(row + 1) * columns].map { Double($0) }
        let gradient = dy[row * columns..<(row + 1) * columns].map { Double($0) }
        let largest = values.max() ?? 0
        let sum = values.reduce(0) { $0 + exp($1 - largest) }
        let probabilities = values.map { exp($0 - largest) / sum }
        let dot = zip(probabilities, gradient).reduce(0) { $0 + $1.0 * $1.1 }, total = gradient.reduce(0, +)
        y += values.indices.map { T(log ? values[$0] - largest - Foundation.log(sum) : probabilities[$0]) }
        dx += values.indices.map {
          T(log ? gradient[$0] - probabilities[$0] * total : probabilities[$0] * (gradient[$0] - dot))
        }
      }
      for threads in threadCounts {
        let memory = Memory(x), gradient = Memory(dy), result = Memory(x)
        apus_softmax_rows(
          T.dtype, log ? 1 : 0, memory.base, result.base, Int64(rows), Int64(columns), Int32(threads))
        #expect(mismatches(result.read(T.self), y, relative: 4 * tolerance, absolute: tolerance) == 0)
        #expect(result.isIntact)
        // In place gives the same bits.
        apus_softmax_rows(
          T.dtype, log ? 1 : 0, memory.base, memory.base, Int64(rows), Int64(columns), Int32(threads))
        #expect(identical(memory.read(T.self), result.read(T.self)))
        apus_softmax_rows_backward(
          T.dtype, log ? 1 : 0, memory.base, gradient.base, gradient.base, Int64(rows), Int64(columns), Int32(threads))
        #expect(
          mismatches(gradient.read(T.self), dx, relative: 8 * tolerance, absolute: tolerance * (log ? 8 : 4)) == 0)
        #expect(gradient.isIntact)
      }
    }
  }

  @Test(arguments: [1, 2, 7, 8, 9, 10, 31, 33, 512, 513, 1000, 5000]) func rows(columns: Int) {
    check(Float.self, columns: columns, tolerance: 4e-6)
    check(Double.self, columns: columns, tolerance: 1e-14)
  }

  /// -inf alone in a row, +inf and NaN spoil the row; -inf among numbers is a zero probability.
  @Test func specialValues() {
    let x: [Float] = [
      -.infinity, -.infinity, -.infinity, 1, .infinity, 2, 1, .nan, 2, -.infinity, 0, 0, 1e30, -1e30, 1e30,
    ]
    var y = x
    apus_softmax_rows(APUS_F32, 0, x, &y, 5, 3, 1)
    #expect(y[0..<9].allSatisfy { $0.isNaN })
    #expect(Array(y[9...]) == [0, 0.5, 0.5, 0.5, 0, 0.5])
    apus_softmax_rows(APUS_F32, 1, x, &y, 5, 3, 1)
    #expect(y[0..<9].allSatisfy { $0.isNaN })
    #expect(y[9] == -.infinity && (y[10] + 0.6931472).magnitude < 1e-6 && y[13] == -2e30)
  }
}
