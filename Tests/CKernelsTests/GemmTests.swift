// SPDX-License-Identifier: Apache-2.0
import CKernels
import Testing

@Suite struct GemmTests {
  /// Vectors, tiles, edges of every block size, and k over one pass.
  static let shapes: [(m: Int, n: Int, k: Int)] = [
    (1, 1, 1), (1, 10, 400), (7, 1, 300), (1, 200, 9), (130, 1, 5), (5, 17, 3), (6, 16, 256), (13, 33, 257),
    (49, 8, 9), (100, 130, 20), (49, 19, 520), (2, 3, 1000), (12, 20, 30), (3, 100, 20), (97, 9, 0), (0, 4, 4),
    (4, 0, 4), (40, 30, 800), (33, 25, 1600), (300, 15, 12), (1, 300, 270), (2, 150, 33),
  ]

  private func check<T: BinaryFloatingPoint>(
    _ shape: (m: Int, n: Int, k: Int), _ transposeA: Bool, _ transposeB: Bool, _ beta: T, tolerance: T,
    _ product: (Int32, Int32, Memory, Int64, Memory, Int64, T, Memory, Int64, Int32) -> Void
  ) {
    let (m, n, k) = shape
    let lda = (transposeA ? m : k) + 3, ldb = (transposeB ? k : n) + 1, ldc = n + 2
    var random = Randomness(31)
    let a: [T] = random.values(lda * (transposeA ? k : m)), b: [T] = random.values(ldb * (transposeB ? n : k))
    // With beta 0 what was there must not matter.
    let c: [T] = beta == 0 ? [T](repeating: .nan, count: ldc * m) : random.values(ldc * m)
    var expected = c
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for p in 0..<k {
          sum +=
            Double(transposeA ? a[p * lda + i] : a[i * lda + p]) * Double(transposeB ? b[j * ldb + p] : b[p * ldb + j])
        }
        expected[i * ldc + j] = T(sum + (beta == 0 ? 0 : Double(beta) * Double(c[i * ldc + j])))
      }
    }
    var first: [T] = []
    for threads in threadCounts {
      let (x, y, z) = (Memory(a), Memory(b), Memory(c))
      product(
        transposeA ? 1 : 0, transposeB ? 1 : 0, x, Int64(lda), y, Int64(ldb), beta, z, Int64(ldc), Int32(threads))
      let got = z.read(T.self)
      #expect(z.isIntact)
      #expect(
        mismatches(got, expected, absolute: tolerance * T(max(k, 4))) == 0,
        "\(shape) \(transposeA) \(transposeB) \(beta)")
      if first.isEmpty { first = got }
      #expect(identical(got, first))
    }
  }

  @Test(arguments: shapes.indices) func packedBeforehand(shape index: Int) {
    for transposeB in [false, true] {
      check(GemmTests.shapes[index], false, transposeB, 0.0, tolerance: 4e-16) {
        _, tb, a, lda, b, ldb, _, c, ldc, threads in
        let (m, n, k) = (Int64(Self.shapes[index].m), Int64(Self.shapes[index].n), Int64(Self.shapes[index].k))
        let packed = Memory([Double](repeating: .nan, count: Int(apus_gemm_packed_count_f64(n, k))))
        let form = packed.base.assumingMemoryBound(to: Double.self)
        apus_gemm_pack_f64(tb, n, k, b.base.assumingMemoryBound(to: Double.self), ldb, form, threads)
        apus_gemm_packed_f64(
          m, n, k, a.base.assumingMemoryBound(to: Double.self), lda, form, c.base.assumingMemoryBound(to: Double.self),
          ldc, threads)
        #expect(packed.isIntact)
      }
      check(GemmTests.shapes[index], false, transposeB, Float(0), tolerance: 1.2e-7) {
        _, tb, a, lda, b, ldb, _, c, ldc, threads in
        let (m, n, k) = (Int64(Self.shapes[index].m), Int64(Self.shapes[index].n), Int64(Self.shapes[index].k))
        let packed = Memory([Float](repeating: .nan, count: Int(apus_gemm_packed_count_f32(n, k))))
        let form = packed.base.assumingMemoryBound(to: Float.self)
        apus_gemm_pack_f32(tb, n, k, b.base.assumingMemoryBound(to: Float.self), ldb, form, threads)
        apus_gemm_packed_f32(
          m, n, k, a.base.assumingMemoryBound(to: Float.self), lda, form, c.base.assumingMemoryBound(to: Float.self),
          ldc,
          threads)
        #expect(packed.isIntact)
      }
    }
  }

  @Test(arguments: shapes.indices, [false, true]) func products(shape index: Int, transposeA: Bool) {
    let shape = GemmTests.shapes[index]
    let (m, n, k) = (Int64(shape.m), Int64(shape.n), Int64(shape.k))
    for transposeB in [false, true] {
      for beta in [0.0, 1, -0.5] {
        check(shape, transposeA, transposeB, beta, tolerance: 4e-16) { ta, tb, a, lda, b, ldb, beta, c, ldc, threads in
          apus_gemm_f64(
            ta, tb, m, n, k, a.base.assumingMemoryBound(to: Double.self), lda,
            b.base.assumingMemoryBound(to: Double.self), ldb, beta, c.base.assumingMemoryBound(to: Double.self), ldc,
            threads)
        }
        check(shape, transposeA, transposeB, Float(beta), tolerance: 1.2e-7) {
          ta, tb, a, lda, b, ldb, beta, c, ldc, threads in
          apus_gemm_f32(
            ta, tb, m, n, k, a.base.assumingMemoryBound(to: Float.self), lda,
            b.base.assumingMemoryBound(to: Float.self), ldb, beta, c.base.assumingMemoryBound(to: Float.self), ldc,
            threads)
        }
      }
    }
  }

  /// NaN and infinity follow IEEE: a zero does not hide them.
  @Test func specialValues() {
    let a: [Float] = [0, 1, .infinity, 0, 2, 1], b: [Float] = [.nan, 1, 1, 1, 0, 1]
    var c: [Float] = [0, 0, 0, 0]
    apus_gemm_f32(0, 0, 2, 2, 3, a, 3, b, 2, 0, &c, 2, 1)
    #expect(c[0].isNaN && c[1] == .infinity && c[2].isNaN && c[3] == 3)
  }
}
