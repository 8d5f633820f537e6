import ApusCompiler
import ApusTensor
import CKernels

/// Batch normalisation in training by own kernels, in the plain layout or in channel blocks.
///
/// oneDNN's took 3.7 ms of an 11 ms LeNet-5 step on one thread where these take 1.2, and wanted reorders besides.
enum BatchNormKernel {
  static func layouts(_ node: Graph.Node, _ inputTypes: [TensorType], _ inputLayouts: [Layout]) -> LayoutChoice? {
    guard inputTypes[0].dtype == .float32, inputTypes[0].shape.rank == 4 else { return nil }
    switch node.operation {
    case is BatchNormTraining, is RectifiedBatchNorm:
      let blocked = inputLayouts[0]
      guard blocked.channelBlock > 0 else { return nil }
      return LayoutChoice(inputs: [blocked, .plain, .plain], outputs: [blocked, .plain, .plain])
    case is BatchNormTrainingBackward, is RectifiedBatchNormBackward:
      guard let blocked = inputLayouts[0...1].first(where: { $0.channelBlock > 0 }) else { return nil }
      let others = [Layout](repeating: .plain, count: inputTypes.count - 2)
      return LayoutChoice(inputs: [blocked, blocked] + others, outputs: [blocked, .plain, .plain])
    case is PooledBatchNorm:
      let blocked = inputLayouts[0]
      guard blocked.channelBlock > 0 else { return nil }
      return LayoutChoice(
        inputs: [blocked, .plain, .plain], outputs: [blocked, blocked, blocked, .plain, .plain])
    case is PooledBatchNormBackward:
      // The places and what is there lie as the images do.
      let blocked = inputLayouts[6]
      guard blocked.channelBlock > 0 else { return nil }
      return LayoutChoice(
        inputs: [blocked, blocked, .plain, .plain, .plain, .plain, blocked, blocked],
        outputs: [blocked, .plain, .plain])
    default: return nil
    }
  }

  static func kernel(_ context: LoweringContext) -> Kernel? {
    let type = context.inputTypes[0]
    guard type.dtype == .float32, type.shape.elementCount > 0 else { return nil }
    let threads = context.options.threads(forElements: type.shape.elementCount)
    @Sendable func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
      pointer.assumingMemoryBound(to: Float.self)
    }
    func problem(_ epsilon: Double, rectified: Bool = false) -> ConstantArray<apus_batch_norm> {
      ConstantArray([
        apus_batch_norm(
          batch: Int64(type.shape[0]), channels: Int64(type.shape[1]),
          spatial: Int64(type.shape.dropFirst(2).reduce(1, *)), block: Int32(context.inputLayouts[0].channelBlock),
          rectified: rectified ? 1 : 0, epsilon: epsilon)
      ])
    }
    func forward(_ norm: ConstantArray<apus_batch_norm>) -> Kernel {
      Kernel(scratchBytes: Int(apus_batch_norm_scratch(norm.pointer))) { memory in
        apus_batch_norm_forward(
          norm.pointer, floats(memory[0]), floats(memory[1]), floats(memory[2]), floats(memory[3]), floats(memory[4]),
          floats(memory[5]), memory[6], threads)
      }
    }
    switch context.node.operation {
    case let norm as BatchNormTraining: return forward(problem(norm.epsilon))
    case let norm as RectifiedBatchNorm: return forward(problem(norm.norm.epsilon, rectified: true))
    case let norm as BatchNormTrainingBackward:
      let norm = problem(norm.epsilon)
      return Kernel(scratchBytes: Int(apus_batch_norm_scratch(norm.pointer))) { memory in
        apus_batch_norm_backward(
          norm.pointer, floats(memory[0]), floats(memory[1]), floats(memory[2]), nil, floats(memory[3]),
          floats(memory[4]), floats(memory[5]), floats(memory[6]), floats(memory[7]), memory[8], threads)
      }
    case let norm as RectifiedBatchNormBackward:
      let norm = problem(norm.backward.epsilon, rectified: true)
      return Kernel(scratchBytes: Int(apus_batch_norm_scratch(norm.pointer))) { memory in
        apus_batch_norm_backward(
          norm.pointer, floats(memory[0]), floats(memory[1]), floats(memory[2]), floats(memory[5]), floats(memory[3]),
          floats(memory[4]), floats(memory[6]), floats(memory[7]), floats(memory[8]), memory[9], threads)
      }
    case let pooled as PooledBatchNorm:
      guard let pool = PoolingKernel.description(pooled.pool.geometry, image: type, result: context.outputType, context)
      else { return nil }
      let norm = problem(pooled.norm.epsilon, rectified: true)
      return Kernel(scratchBytes: Int(apus_batch_norm_pooled_scratch(norm.pointer, pool.pointer, threads))) { memory in
        apus_batch_norm_pooled_forward(
          norm.pointer, pool.pointer, floats(memory[0]), floats(memory[1]), floats(memory[2]), floats(memory[3]),
          memory[4].assumingMemoryBound(to: Int32.self), floats(memory[5]), floats(memory[6]), floats(memory[7]),
          memory[8], threads)
      }
    case let pooled as PooledBatchNormBackward:
      guard
        let pool = PoolingKernel.description(pooled.pool.geometry, image: type, result: context.inputTypes[1], context)
      else { return nil }
      let norm = problem(pooled.backward.epsilon, rectified: true)
      return Kernel(scratchBytes: Int(apus_batch_norm_pooled_scratch(norm.pointer, pool.pointer, threads))) { memory in
        apus_batch_norm_pooled_backward(
          norm.pointer, pool.pointer, floats(memory[0]), floats(memory[1]), floats(memory[2]), floats(memory[5]),
          floats(memory[3]), floats(memory[4]), memory[6].assumingMemoryBound(to: Int32.self), floats(memory[7]),
          floats(memory[8]), floats(memory[9]), floats(memory[10]), memory[11], threads)
      }
    default: return nil
    }
  }
}
