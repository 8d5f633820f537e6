import ApusCompiler
import ApusTensor
import CKernels

/// Kernels that update single rows of tables; what they cost does not depend on the other rows.
enum RowKernel {
  static func firstPositions(_ context: LoweringContext) -> Kernel {
    let indices = context.inputTypes[0]
    let count = indices.shape.elementCount
    var slots = 2
    while slots < 2 * count { slots *= 2 }
    let size = slots
    return Kernel(scratchBytes: (size + (indices.dtype == .int64 ? 0 : count)) * 8) { arguments in
      let table = arguments[2].assumingMemoryBound(to: Int64.self)
      let list = IndexingKernel.widened(arguments[0], indices.dtype, count, arguments[2] + size * 8)
      apus_first_positions(
        list, Int64(count), arguments[1].assumingMemoryBound(to: Int64.self), table, Int64(size))
    }
  }

  static func replaceRows(_ context: LoweringContext) -> Kernel {
    let (type, indices) = (context.outputType, context.inputTypes[2])
    let (extent, inner) = (type.shape[0], type.shape.dropFirst().reduce(1, *))
    let (count, size) = (indices.shape.elementCount, type.dtype.byteCount)
    let threads = context.options.threads(forElements: count * inner)
    return Kernel(scratchBytes: indices.dtype == .int64 ? 0 : count * 8, inPlace: [(0, 0)]) { arguments in
      if arguments[3] != arguments[0] { arguments[3].copyMemory(from: arguments[0], byteCount: type.byteCount) }
      let list = IndexingKernel.widened(arguments[2], indices.dtype, count, arguments[4])
      IndexingKernel.check(
        apus_replace_rows(
          Int32(size), arguments[3], Int64(extent), Int64(inner), list, Int64(count), arguments[1], threads),
        "replace_rows", extent)
    }
  }
}
