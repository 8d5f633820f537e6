import ApusCompiler
import ApusTensor
import CKernels

/// Convolutions that go through max-pooling at once, where the own direct kernels are used and an image's result stays in
/// the cache of a core.
enum PooledConvolutionKernel {
  /// Bytes of one image's result up to which it stays in the second cache of a core beside all else.
  private static let mostImageBytes = 256 * 1024

  /// A convolution and the pool that its result goes through.
  private struct Problem {
    let convolution: ConvolutionKernel.Problem
    let own: apus_conv
    let pool: apus_pool
    let findsPlaces: Bool

    init?(_ operation: any Primitive, _ inputTypes: [TensorType], _ options: CPUOptions) {
      let whole: ConvolutionKernel.Problem?
      let geometry: PoolGeometry
      let pooled: Shape
      switch operation {
      case let operation as PooledConvolution:
        guard let types = try? operation.finished.resultTypes(inputTypes),
          let results = try? operation.pool.resultTypes(types)
        else { return nil }
        whole = ConvolutionKernel.Problem(operation.finished, inputTypes, resultTypes: types)
        (geometry, pooled, findsPlaces) = (operation.pool.geometry, results[0].shape, operation.pool.findsPlaces)
      case let operation as PooledConvolutionBackwardWeights:
        let types = [inputTypes[0], TensorType(operation.spread.inputShape, inputTypes[1].dtype)]
        whole = ConvolutionKernel.Problem(operation.weights, types, resultTypes: [])
        (geometry, pooled, findsPlaces) = (operation.spread.geometry, inputTypes[1].shape, true)
      case let operation as NormalizedConvolutionBackwardWeights:
        whole = ConvolutionKernel.Problem(operation.weights, Array(inputTypes[0...1]), resultTypes: [])
        (geometry, pooled, findsPlaces) = (operation.norm.pool.geometry, inputTypes[2].shape, true)
      default: return nil
      }
      guard let whole, whole.fixedWay(options, isPrepared: false) == .own, let own = whole.own else { return nil }
      (convolution, self.own) = (whole, own)
      pool = PoolingKernel.pool(geometry, image: whole.result, result: pooled, dtype: .float32, block: 8)
    }

    /// An image's result in blocks of 8 channels.
    var imageBytes: Int {
      convolution.result[2] * convolution.result[3] * (convolution.result[1] + 7) / 8 * 8 * MemoryLayout<Float>.size
    }

    var imageLayout: Layout { own.src_blocked != 0 ? .channelBlocked(8) : .plain }
  }

  /// Images are taken whole, so there must be enough of them for all threads.
  static func paysOff(_ operation: any Primitive, _ inputTypes: [TensorType], _ options: CPUOptions) -> Bool {
    guard let problem = Problem(operation, inputTypes, options) else { return false }
    return problem.imageBytes <= mostImageBytes && problem.convolution.image[0] >= 4 * options.threads
  }

  static func layouts(_ node: Graph.Node, _ inputTypes: [TensorType], _ options: CPUOptions) -> LayoutChoice? {
    guard let problem = Problem(node.operation, inputTypes, options) else { return nil }
    let blocked: Layout = .channelBlocked(8)
    if node.operation is PooledConvolution {
      return LayoutChoice(
        inputs: [problem.imageLayout] + inputTypes.dropFirst().map { _ in .plain },
        outputs: node.types.map { _ in blocked })
    }
    // What has as many axes as images is laid out as they are; numbers of channels are plain.
    let others = inputTypes.dropFirst().map { $0.shape.rank == 4 ? blocked : .plain }
    return LayoutChoice(inputs: [problem.imageLayout] + others, outputs: node.types.map { _ in .plain })
  }

  static func kernel(_ context: LoweringContext) -> Kernel? {
    let operation = context.node.operation
    guard let problem = Problem(operation, context.inputTypes, context.options),
      let choice = layouts(context.node, context.inputTypes, context.options), choice.inputs == context.inputLayouts,
      choice.outputs.indices.allSatisfy({ choice.outputs[$0] == context.outputLayout($0) })
    else { return nil }
    let shapes = problem.convolution
    let threads = context.options.threads(forMultiplyAdds: shapes.weights.elementCount * shapes.result.elementCount)
    let (convolution, pool) = (ConstantArray([problem.own]), ConstantArray([problem.pool]))
    let scratch = withUnsafePointer(to: problem.own) { apus_conv_pooled_scratch($0, shapes.passNumber, threads) }
    switch shapes.pass {
    case .forward(let hasBias, _, _):
      let findsPlaces = problem.findsPlaces
      let output = hasBias ? 3 : 2
      return Kernel(scratchBytes: scratch) { arguments in
        apus_conv_forward_pooled(
          convolution.pointer, pool.pointer, floats(arguments[0]), floats(arguments[1]),
          hasBias ? floats(arguments[2]) : nil, floats(arguments[output]),
          findsPlaces ? places(arguments[output + 1]) : nil, arguments[output + (findsPlaces ? 2 : 1)], threads)
      }
    case .backwardWeights(let hasBias):
      if let operation = operation as? NormalizedConvolutionBackwardWeights {
        return normalized(operation, problem, hasBias: hasBias, threads)
      }
      return Kernel(scratchBytes: scratch) { arguments in
        apus_conv_backward_weights_pooled(
          convolution.pointer, pool.pointer, floats(arguments[0]), floats(arguments[1]), places(arguments[2]),
          floats(arguments[3]), hasBias ? floats(arguments[4]) : nil, arguments[hasBias ? 5 : 4], threads)
      }
    case .backwardData: return nil
    }
  }

  private static func normalized(
    _ operation: NormalizedConvolutionBackwardWeights, _ problem: Problem, hasBias: Bool, _ threads: Int32
  ) -> Kernel {
    let result = problem.convolution.result
    let (convolution, pool) = (ConstantArray([problem.own]), ConstantArray([problem.pool]))
    let norm = ConstantArray([
      apus_batch_norm(
        batch: Int64(result[0]), channels: Int64(result[1]), spatial: Int64(result[2] * result[3]), block: 8,
        rectified: 1, epsilon: operation.norm.backward.epsilon)
    ])
    let scratch = apus_conv_normalized_scratch(convolution.pointer, norm.pointer, pool.pointer, threads)
    return Kernel(scratchBytes: scratch) { arguments in
      // Of the normalisation's inputs: x, the pooled gradient, scale, mean, variance, shift, places, what x is there.
      var forward = apus_batch_norm_pooled(
        norm: norm.pointer, pool: pool.pointer, x: floats(arguments[1]), gy: floats(arguments[2]),
        scale: floats(arguments[3]), shift: floats(arguments[6]), mean: floats(arguments[4]),
        variance: floats(arguments[5]), most: floats(arguments[8]), places: places(arguments[7]))
      let next = hasBias ? 11 : 10
      apus_conv_backward_weights_normalized(
        convolution.pointer, &forward, floats(arguments[0]), floats(arguments[9]),
        hasBias ? floats(arguments[10]) : nil, floats(arguments[next]), floats(arguments[next + 1]),
        arguments[next + 2], threads)
    }
  }

  private static func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
    pointer.assumingMemoryBound(to: Float.self)
  }

  private static func places(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
    pointer.assumingMemoryBound(to: Int32.self)
  }
}
