import ApusCompiler
import ApusTensor
import CKernels
import COneDNN

/// Matrix products: oneDNN's `sgemm` for f32, an own kernel for f64, for products too small for a library call and for
/// those of a dense layer.
enum MatMulKernel {
  /// Multiply-adds below which the own kernel is faster than a library call.
  fileprivate static let smallProduct = 32 * 32 * 32

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
    if let spread = SpreadOperand(product, m: m, n: n, k: k, isDouble: size == 8, context.options), products.count == 1
    {
      return spread.kernel
    }
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
    // oneDNN 2.6 divides a product with a transposed right operand badly: 512 results of 32 images took as long on two
    // threads as on one. The own kernel gives the same bits for any number of threads.
    let isLayer = product.transposesRight && !product.transposesLeft && product.m >= 8
    if work <= smallProduct || options.isDeterministic || isLayer {
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

/// A product whose right operand has rows a multiple of 2 KiB apart.
///
/// Such rows fall into the same few cache sets while oneDNN packs them: 512x512x128 runs at 120 GFLOP/s instead of 180 on
/// two Zen 3 cores. Copying the operand to rows one cache line further apart costs a tenth of what it saves.
private struct SpreadOperand {
  let kernel: Kernel

  init?(_ product: MatMul, m: Int, n: Int, k: Int, isDouble: Bool, _ options: CPUOptions) {
    guard !isDouble, !options.isDeterministic, !product.transposesRight, n % 512 == 0, k >= 16, m >= 64,
      m * n * k > MatMulKernel.smallProduct
    else { return nil }
    let stride = n + 16
    let extents = ConstantArray<Int64>([Int64(k), Int64(n), Int64(n), 1, Int64(stride), 1])
    let threads = options.threads(forElements: n * k)
    let transposesLeft = product.transposesLeft
    let (left, right): (CChar, CChar) = (transposesLeft ? 84 : 78, 78)  // T, N
    kernel = Kernel(scratchBytes: k * stride * 4) { arguments in
      let scratch = arguments[3]
      apus_copy_strided(
        4, 2, extents.pointer, arguments[1], extents.pointer + 2, scratch, extents.pointer + 4, threads)
      dnnl_sgemm(
        left, right, Int64(m), Int64(n), Int64(k), 1, arguments[0].assumingMemoryBound(to: Float.self),
        Int64(transposesLeft ? m : k), scratch.assumingMemoryBound(to: Float.self), Int64(stride), 0,
        arguments[2].assumingMemoryBound(to: Float.self), Int64(n))
    }
  }
}
