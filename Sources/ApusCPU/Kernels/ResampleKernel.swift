import ApusCompiler
import ApusTensor
import CKernels

/// Resizing of images, in the plain layout or in channel blocks, whichever they come in.
enum ResampleKernel {
  static func layouts(_ inputTypes: [TensorType], _ inputLayouts: [Layout]) -> LayoutChoice? {
    guard inputTypes[0].dtype == .float32, inputLayouts[0].channelBlock > 0 else { return nil }
    return LayoutChoice(inputs: inputLayouts, outputs: inputLayouts)
  }

  static func kernel(_ geometry: ResampleGeometry, isBackward: Bool, _ context: LoweringContext) -> Kernel? {
    let type = context.outputType
    let layout = context.outputLayout(0)
    guard context.inputLayouts[0] == layout,
      layout.isPlain || (layout.channelBlock > 0 && type.dtype == .float32)
    else { return nil }
    func table(_ axis: ResampleAxis) -> ConstantArray<apus_resample_source> {
      ConstantArray(
        axis.sources(geometry.interpolation).map {
          apus_resample_source(first: Int64($0.first), second: Int64($0.second), weight: $0.weight)
        })
    }
    let (rows, columns) = (table(geometry.rows), table(geometry.columns))
    let channels = StoredTensor(type.shape, layout).extents[1]
    let problem = ConstantArray([
      apus_resample(
        planes: Int64(type.shape[0] * channels), in_height: Int64(geometry.rows.extent),
        in_width: Int64(geometry.columns.extent), out_height: Int64(geometry.rows.count),
        out_width: Int64(geometry.columns.count), rows: rows.pointer, columns: columns.pointer,
        copies: geometry.interpolation == .nearest ? 1 : 0, dtype: type.dtype.kernelCode,
        block: Int32(layout.channelBlock))
    ])
    let elements = max(type.shape.elementCount, context.inputTypes[0].shape.elementCount)
    let threads = context.options.threads(forElements: elements)
    return Kernel(scratchBytes: Int(apus_resample_scratch(problem.pointer, threads))) { memory in
      // The tables live as long as the kernel.
      withExtendedLifetime((rows, columns)) {
        if isBackward {
          apus_resample_backward(problem.pointer, memory[0], memory[1], memory[2], threads)
        } else {
          apus_resample_forward(problem.pointer, memory[0], memory[1], memory[2], threads)
        }
      }
    }
  }
}
