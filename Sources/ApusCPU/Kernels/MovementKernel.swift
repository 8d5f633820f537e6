import ApusCompiler
import ApusTensor
import CKernels

/// Kernels that only move elements.
enum MovementKernel {
  /// Copies a strided view of the input to a strided view of the output, over `extents`.
  static func strided(
    _ context: LoweringContext, extents: [Int], source: [Int], sourceOffset: Int = 0, target: [Int],
    targetOffset: Int = 0
  ) -> Kernel {
    let size = context.outputType.dtype.byteCount
    let lists = ConstantArray((extents + source + target).map(Int64.init))
    let rank = extents.count
    let threads = context.options.threads(forElements: extents.reduce(1, *) * 2)
    return Kernel { arguments in
      apus_copy_strided(
        Int32(size), Int32(rank), lists.pointer, arguments[0] + sourceOffset * size, lists.pointer + rank,
        arguments[1] + targetOffset * size, lists.pointer + 2 * rank, threads)
    }
  }

  static func broadcast(_ context: LoweringContext) -> Kernel {
    let shape = context.outputType.shape
    return strided(
      context, extents: Array(shape), source: context.inputTypes[0].shape.broadcastStrides(to: shape),
      target: shape.rowMajorStrides)
  }

  static func transpose(_ transpose: Transpose, _ context: LoweringContext) -> Kernel {
    let shape = context.outputType.shape
    let strides = context.inputTypes[0].shape.rowMajorStrides
    return strided(
      context, extents: Array(shape), source: transpose.permutation.map { strides[$0] }, target: shape.rowMajorStrides)
  }

  /// The bytes as they are.
  static func copy(_ context: LoweringContext) -> Kernel {
    let bytes = context.outputType.byteCount
    return Kernel { arguments in arguments[1].copyMemory(from: arguments[0], byteCount: bytes) }
  }

  /// Moves elements between layouts: whole blocks by a strided copy, tails of padded axes separately.
  static func reorder(_ reorder: Reorder, _ context: LoweringContext) -> Kernel {
    OneDNN.reorder(context.outputType, from: reorder.from, to: reorder.to)
      ?? Kernel { [type = context.outputType] arguments in
        LayoutConversion.convert(
          type: type, from: arguments[0], layout: reorder.from, to: arguments[1], layout: reorder.to)
      }
  }
}
