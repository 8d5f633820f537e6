import ApusCompiler
import ApusTensor
import CKernels

/// Kernels that cut, join, pad, and move rows by index.
enum IndexingKernel {
  static func slice(_ slice: Slice, _ context: LoweringContext) -> Kernel? {
    guard let (input, output) = stored(context) else { return nil }
    let (strides, offset) = Slice.strides(input.shape, input.starts(slice.starts), input.steps(slice.steps))
    return MovementKernel.strided(
      context, extents: output.extents, source: strides, sourceOffset: offset, target: output.shape.rowMajorStrides)
  }

  static func unslice(_ unslice: Unslice, _ context: LoweringContext) -> Kernel? {
    guard let (input, output) = stored(context) else { return nil }
    let (strides, offset) = Slice.strides(output.shape, output.starts(unslice.starts), output.steps(unslice.steps))
    let copy = MovementKernel.strided(
      context, extents: input.extents, source: input.shape.rowMajorStrides, target: strides, targetOffset: offset)
    return filled(context, output, with: 0, then: copy)
  }

  static func pad(_ pad: Pad, _ context: LoweringContext) -> Kernel? {
    guard let (input, output) = stored(context) else { return nil }
    let strides = output.shape.rowMajorStrides
    let offset = zip(output.starts(pad.low), strides).reduce(0) { $0 + $1.0 * $1.1 }
    let copy = MovementKernel.strided(
      context, extents: input.extents, source: input.shape.rowMajorStrides, target: strides, targetOffset: offset)
    return filled(context, output, with: pad.value, then: copy)
  }

  /// The first input and the output as they lie in memory; nil when their layouts differ.
  private static func stored(_ context: LoweringContext) -> (input: StoredTensor, output: StoredTensor)? {
    let layout = context.outputLayout(0)
    guard context.inputLayouts.allSatisfy({ $0 == layout }),
      layout.isPlain || layout.channelBlock > 0
    else { return nil }
    return (StoredTensor(context.inputTypes[0].shape, layout), StoredTensor(context.outputType.shape, layout))
  }

  private static func filled(
    _ context: LoweringContext, _ output: StoredTensor, with value: Double, then kernel: Kernel
  ) -> Kernel {
    let type = context.outputType
    let count = output.shape.elementCount
    let cell = ConstantArray<UInt64>([0])
    HostView(type: TensorType([], type.dtype), pointer: UnsafeMutableRawPointer(cell.pointer)).store([value])
    let threads = context.options.threads(forElements: count)
    return Kernel { arguments in
      apus_fill(Int32(type.dtype.byteCount), arguments[1], cell.pointer, Int64(count), threads)
      kernel.run(arguments)
    }
  }

  static func concatenate(_ concatenate: Concatenate, _ context: LoweringContext) -> Kernel? {
    guard let (_, output) = stored(context) else { return nil }
    let strides = output.shape.rowMajorStrides
    let size = context.outputType.dtype.byteCount
    let count = context.inputTypes.count
    var offset = 0
    var pieces: [(lists: ConstantArray<Int64>, offset: Int, threads: Int32)] = []
    for type in context.inputTypes {
      let input = StoredTensor(type.shape, context.outputLayout(0))
      let lists = input.extents + input.shape.rowMajorStrides + strides
      pieces.append(
        (
          ConstantArray(lists.map(Int64.init)), offset * size,
          context.options.threads(forElements: input.shape.elementCount * 2)
        ))
      offset += input.extents[concatenate.axis] * strides[concatenate.axis]
    }
    let (rank, list) = (output.extents.count, pieces)
    return Kernel { arguments in
      for (index, piece) in list.enumerated() {
        apus_copy_strided(
          Int32(size), Int32(rank), piece.lists.pointer, arguments[index], piece.lists.pointer + rank,
          arguments[count] + piece.offset, piece.lists.pointer + 2 * rank, piece.threads)
      }
    }
  }

  /// Rows before, along and after an axis.
  private static func split(_ shape: Shape, _ axis: Int) -> (outer: Int, extent: Int, inner: Int) {
    (shape.prefix(axis).reduce(1, *), shape[axis], shape.dropFirst(axis + 1).reduce(1, *))
  }

  /// The indices as 64-bit integers: in place, or widened into scratch memory.
  static func widened(
    _ pointer: UnsafeMutableRawPointer, _ dtype: DType, _ count: Int, _ scratch: UnsafeMutableRawPointer
  ) -> UnsafePointer<Int64> {
    if dtype == .int64 { return UnsafePointer(pointer.assumingMemoryBound(to: Int64.self)) }
    let narrow = pointer.assumingMemoryBound(to: Int32.self)
    let wide = scratch.assumingMemoryBound(to: Int64.self)
    for index in 0..<count { wide[index] = Int64(narrow[index]) }
    return UnsafePointer(wide)
  }

  static func check(_ bad: Int64, _ operation: String, _ extent: Int) {
    guard bad >= 0 else { return }
    fatalError("\(operation): the index at position \(bad) is outside 0..<\(extent)")
  }

  static func gather(_ gather: Gather, _ context: LoweringContext) -> Kernel {
    let (outer, extent, inner) = split(context.inputTypes[0].shape, gather.axis)
    let indices = context.inputTypes[1]
    let (count, size) = (indices.shape.elementCount, context.outputType.dtype.byteCount)
    let threads = context.options.threads(forElements: context.outputType.shape.elementCount)
    return Kernel(scratchBytes: indices.dtype == .int64 ? 0 : count * 8) { arguments in
      let list = widened(arguments[1], indices.dtype, count, arguments[3])
      for block in 0..<outer {
        check(
          apus_gather_rows(
            Int32(size), arguments[0] + block * extent * inner * size, Int64(extent), Int64(inner), list, Int64(count),
            arguments[2] + block * count * inner * size, threads), "gather", extent)
      }
    }
  }

  static func scatterAdd(_ scatter: ScatterAdd, _ context: LoweringContext) -> Kernel? {
    let type = context.outputType
    guard type.dtype.isFloatingPoint else { return nil }
    let (outer, extent, inner) = split(type.shape, scatter.axis)
    let indices = context.inputTypes[1]
    let (count, size) = (indices.shape.elementCount, type.dtype.byteCount)
    let threads = context.options.threads(forElements: context.inputTypes[0].shape.elementCount)
    let dtype = apus_dtype(rawValue: UInt32(type.dtype.kernelCode))
    return Kernel(scratchBytes: indices.dtype == .int64 ? 0 : count * 8) { arguments in
      let list = widened(arguments[1], indices.dtype, count, arguments[3])
      arguments[2].initializeMemory(as: UInt8.self, repeating: 0, count: type.byteCount)
      for block in 0..<outer {
        check(
          apus_scatter_add_rows(
            dtype, arguments[2] + block * extent * inner * size, Int64(extent), Int64(inner), list, Int64(count),
            arguments[0] + block * count * inner * size, threads), "scatter_add", extent)
      }
    }
  }

  static func argReduce(_ reduce: ArgReduce, _ context: LoweringContext) -> Kernel? {
    let type = context.inputTypes[0]
    guard type.dtype != .uint8, type.dtype != .bool else { return nil }
    let (outer, extent, inner) = split(type.shape, reduce.axis)
    let dtype = apus_dtype(rawValue: UInt32(type.dtype.kernelCode))
    let threads = context.options.threads(forElements: type.shape.elementCount)
    return Kernel { arguments in
      apus_argreduce(
        reduce.isMax ? 1 : 0, dtype, arguments[0], arguments[1].assumingMemoryBound(to: Int64.self), Int64(outer),
        Int64(extent), Int64(inner), threads)
    }
  }
}
