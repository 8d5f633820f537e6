import ApusCompiler
import ApusTensor
import CKernels

/// Local response normalisation, in the plain layout or in channel blocks, whichever the images come in.
enum LocalResponseKernel {
  static func layouts(_ inputTypes: [TensorType], _ inputLayouts: [Layout]) -> LayoutChoice? {
    guard inputTypes[0].dtype == .float32, inputTypes[0].shape.rank == 4,
      let blocked = inputLayouts.first(where: { $0.channelBlock > 0 })
    else { return nil }
    return LayoutChoice(inputs: inputTypes.map { _ in blocked }, outputs: [blocked])
  }

  static func kernel(_ operation: LocalResponse, isBackward: Bool, _ context: LoweringContext) -> Kernel? {
    let type = context.outputType
    let layout = context.outputLayout(0)
    guard context.inputLayouts.allSatisfy({ $0 == layout }),
      layout.isPlain || (layout.channelBlock > 0 && type.dtype == .float32)
    else { return nil }
    let problem = ConstantArray([
      apus_lrn(
        batch: Int64(type.shape[0]), channels: Int64(type.shape[1]),
        spatial: Int64(type.shape.dropFirst(2).reduce(1, *)), size: Int64(operation.size),
        dtype: type.dtype.kernelCode, block: Int32(layout.channelBlock), factor: operation.factor,
        beta: operation.beta, k: operation.k)
    ])
    let threads = context.options.threads(forElements: type.shape.elementCount)
    let scratch = Int(apus_lrn_scratch(problem.pointer, threads))
    if isBackward {
      return Kernel(scratchBytes: scratch) { memory in
        apus_lrn_backward(problem.pointer, memory[0], memory[1], memory[2], memory[3], threads)
      }
    }
    return Kernel(scratchBytes: scratch) { memory in
      apus_lrn_forward(problem.pointer, memory[0], memory[1], memory[2], threads)
    }
  }
}
