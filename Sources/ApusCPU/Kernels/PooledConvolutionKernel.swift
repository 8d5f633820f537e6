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
    return LayoutChoice(inputs: [problem.imageLayout, blocked, blocked], outputs: node.types.map { _ in .plain })
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
    @Sendable func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
      pointer.assumingMemoryBound(to: Float.self)
    }
    @Sendable func places(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
      pointer.assumingMemoryBound(to: Int32.self)
    }
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
      return Kernel(scratchBytes: scratch) { arguments in
        apus_conv_backward_weights_pooled(
          convolution.pointer, pool.pointer, floats(arguments[0]), floats(arguments[1]), places(arguments[2]),
          floats(arguments[3]), hasBias ? floats(arguments[4]) : nil, arguments[hasBias ? 5 : 4], threads)
      }
    case .backwardData: return nil
    }
  }
}
