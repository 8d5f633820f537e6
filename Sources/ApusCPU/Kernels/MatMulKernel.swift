import ApusCompiler
import ApusTensor
import CKernels
import COneDNN

/// Matrix products: oneDNN's `sgemm` for f32, an own kernel for f64 and for products too small for a library call.
enum MatMulKernel {
  /// Multiply-adds below which the own kernel is faster than a library call.
  private static let smallProduct = 32 * 32 * 32

  static func kernel(_ product: MatMul, _ context: LoweringContext) -> Kernel? {
    let (left, right) = (context.inputTypes[0].shape, context.inputTypes[1].shape)
    let (m, n, k) = product.extents(left, right)
    let batch = Shape(context.outputType.shape.dropLast(2))
    let leftStrides = Shape(left.dropLast(2)).broadcastStrides(to: batch)
    let rightStrides = Shape(right.dropLast(2)).broadcastStrides(to: batch)
    var offsets: [(Int, Int)] = [(Int, Int)](repeating: (0, 0), count: batch.elementCount)
    StridedCopy.forEachOffset(shape: batch, strides: leftStrides, offset: 0) { offsets[$0].0 = $1 }
    StridedCopy.forEachOffset(shape: batch, strides: rightStrides, offset: 0) { offsets[$0].1 = $1 }
    let size = context.outputType.dtype.byteCount
    let products = offsets.enumerated().map { index, pair in
      (a: pair.0 * m * k * size, b: pair.1 * k * n * size, c: index * m * n * size)
    }
    let multiply = Self.multiply(
      Product(
        m: m, n: n, k: k, transposesLeft: product.transposesLeft, transposesRight: product.transposesRight,
        isDouble: context.outputType.dtype == .float64),
      context.options)
    return Kernel { arguments in
      for offset in products {
        multiply(arguments[0] + offset.a, arguments[1] + offset.b, arguments[2] + offset.c)
      }
    }
  }

  /// One product of row-major matrices.
  struct Product: Sendable {
    var m: Int
    var n: Int
    var k: Int
    var transposesLeft: Bool
    var transposesRight: Bool
    var isDouble: Bool
  }

  typealias Multiply = @Sendable (UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void

  /// Chooses the routine for a product once, when the plan is built.
  static func multiply(_ product: Product, _ options: CPUOptions) -> Multiply {
    let (m, n, k) = (Int64(product.m), Int64(product.n), Int64(product.k))
    let (ta, tb): (Int32, Int32) = (product.transposesLeft ? 1 : 0, product.transposesRight ? 1 : 0)
    let (lda, ldb) = (product.transposesLeft ? m : k, product.transposesRight ? k : n)
    let work = product.m * product.n * product.k
    let threads = options.threads(forMultiplyAdds: work)
    if work == 0 {
      let bytes = product.m * product.n * (product.isDouble ? 8 : 4)
      return { _, _, c in c.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }
    }
    if product.isDouble {
      return { a, b, c in
        apus_gemm_f64(
          ta, tb, m, n, k, a.assumingMemoryBound(to: Double.self), lda, b.assumingMemoryBound(to: Double.self), ldb, 0,
          c.assumingMemoryBound(to: Double.self), n, threads)
      }
    }
    // The own kernel gives the same bits for any number of threads.
    if work <= smallProduct || options.isDeterministic {
      return { a, b, c in
        apus_gemm_f32(
          ta, tb, m, n, k, a.assumingMemoryBound(to: Float.self), lda, b.assumingMemoryBound(to: Float.self), ldb, 0,
          c.assumingMemoryBound(to: Float.self), n, threads)
      }
    }
    let (left, right): (CChar, CChar) = (product.transposesLeft ? 84 : 78, product.transposesRight ? 84 : 78)  // T, N
    return { a, b, c in
      dnnl_sgemm(
        left, right, m, n, k, 1, a.assumingMemoryBound(to: Float.self), lda, b.assumingMemoryBound(to: Float.self), ldb,
        0, c.assumingMemoryBound(to: Float.self), n)
    }
  }
}
