import ApusCompiler
import ApusTensor
import CKernels

/// Max and average pooling, in the plain layout or in channel blocks, whichever the images come in.
enum PoolingKernel {
  static func layouts(_ node: Graph.Node, _ inputTypes: [TensorType], _ inputLayouts: [Layout]) -> LayoutChoice? {
    // Rather the gradient than the places of the maxima is reordered: the result goes where the image came from.
    guard inputTypes[0].dtype == .float32, let blocked = inputLayouts.last(where: { $0.channelBlock > 0 }) else {
      return nil
    }
    switch node.operation {
    case is MaxPool: return LayoutChoice(inputs: [blocked], outputs: node.types.map { _ in blocked })
    case is MaxPoolBackward: return LayoutChoice(inputs: [blocked, blocked], outputs: [blocked])
    case is AveragePool, is AveragePoolBackward: return LayoutChoice(inputs: [blocked], outputs: [blocked])
    default: return nil
    }
  }

  private static func description(
    _ geometry: PoolGeometry, image: Shape, result: Shape, dtype: DType, layout: Layout, countsPadding: Bool = false
  ) -> ConstantArray<apus_pool>? {
    guard dtype.isFloatingPoint, layout.isPlain || (layout.channelBlock > 0 && dtype == .float32) else {
      return nil
    }
    return ConstantArray([
      pool(
        geometry, image: image, result: result, dtype: dtype, block: layout.channelBlock, countsPadding: countsPadding)
    ])
  }

  /// The pool as the C kernels know it.
  static func pool(
    _ geometry: PoolGeometry, image: Shape, result: Shape, dtype: DType, block: Int, countsPadding: Bool = false
  ) -> apus_pool {
    apus_pool(
      batch: Int64(image[0]), channels: Int64(image[1]), in_height: Int64(image[2]), in_width: Int64(image[3]),
      out_height: Int64(result[2]), out_width: Int64(result[3]), kernel_height: Int64(geometry.kernel.height),
      kernel_width: Int64(geometry.kernel.width), stride_h: Int64(geometry.stride.height),
      stride_w: Int64(geometry.stride.width), pad_top: Int64(geometry.paddingLow.height),
      pad_left: Int64(geometry.paddingLow.width), pad_bottom: Int64(geometry.paddingHigh.height),
      pad_right: Int64(geometry.paddingHigh.width), dilation_h: Int64(geometry.dilation.height),
      dilation_w: Int64(geometry.dilation.width), dtype: dtype.kernelCode, block: Int32(block),
      count_include_pad: countsPadding ? 1 : 0)
  }

  /// The pool of a node whose first input is the images.
  static func description(
    _ geometry: PoolGeometry, image: TensorType, result: TensorType, _ context: LoweringContext
  ) -> ConstantArray<apus_pool>? {
    description(
      geometry, image: image.shape, result: result.shape, dtype: image.dtype, layout: context.inputLayouts[0])
  }

  static func kernel(_ context: LoweringContext) -> Kernel? {
    let node = context.node
    let (input, output) = (context.inputTypes[0], context.outputType)
    let layout = context.inputLayouts[0]
    guard context.outputLayout(0) == layout else { return nil }
    let threads = context.options.threads(forElements: max(input.shape.elementCount, output.shape.elementCount))
    switch node.operation {
    case let pool as MaxPool:
      guard
        let problem = description(
          pool.geometry, image: input.shape, result: output.shape, dtype: input.dtype, layout: layout)
      else { return nil }
      let findsPlaces = pool.findsPlaces
      return Kernel { arguments in
        let places = findsPlaces ? arguments[2].assumingMemoryBound(to: Int32.self) : nil
        apus_maxpool_forward(problem.pointer, arguments[0], arguments[1], places, threads)
      }
    case let pool as MaxPoolBackward:
      guard context.inputLayouts[1] == layout,
        let problem = description(
          pool.geometry, image: output.shape, result: input.shape, dtype: input.dtype, layout: layout)
      else { return nil }
      return Kernel { arguments in
        apus_maxpool_backward(
          problem.pointer, arguments[0], arguments[1].assumingMemoryBound(to: Int32.self), arguments[2], threads)
      }
    case let pool as AveragePool:
      guard
        let problem = description(
          pool.geometry, image: input.shape, result: output.shape, dtype: input.dtype, layout: layout,
          countsPadding: pool.countsPadding)
      else { return nil }
      return Kernel { arguments in apus_avgpool_forward(problem.pointer, arguments[0], arguments[1], threads) }
    case let pool as AveragePoolBackward:
      guard
        let problem = description(
          pool.geometry, image: output.shape, result: input.shape, dtype: input.dtype, layout: layout,
          countsPadding: pool.countsPadding)
      else { return nil }
      return Kernel { arguments in apus_avgpool_backward(problem.pointer, arguments[0], arguments[1], threads) }
    default: return nil
    }
  }
}
