import ApusCompiler
import ApusTensor
import CKernels

/// Convolutions: own direct kernels where there are few channels, Winograd's where the kernel is 3x3, else oneDNN.
///
/// oneDNN's backward-weights reaches a tenth of its speed with one input channel; the own kernels hold the output
/// channels in registers and split the batch over threads.
enum ConvolutionKernel {
  /// Whether the own kernel is faster than oneDNN's, as measured on Zen 3: with one or two input channels always, with
  /// a few as long as the output channels fit into the registers; a strided backward-data would multiply zeros.
  private static func paysOff(_ problem: Problem) -> Bool {
    let (inputs, outputs) = (problem.image[1], problem.result[1])
    let isNarrow = inputs <= 2 || (inputs <= 8 && outputs <= 16)
    switch problem.pass {
    case .forward(_, let adds, _): return isNarrow && !adds
    case .backwardData: return isNarrow && problem.geometry.stride == 1
    case .backwardWeights: return isNarrow || inputs <= 4
    }
  }

  /// A convolution of any pass with the shapes it needs.
  struct Problem {
    let pass: OneDNNConvolution.Pass
    let geometry: ConvolutionGeometry
    let image: Shape
    let weights: Shape
    let result: Shape

    init?(_ node: Graph.Node, _ inputTypes: [TensorType]) {
      self.init(node.operation, inputTypes, resultTypes: node.types)
    }

    init?(_ operation: any Primitive, _ inputTypes: [TensorType], resultTypes: [TensorType]) {
      guard inputTypes.allSatisfy({ $0.dtype == .float32 }) else { return nil }
      switch operation {
      case let operation as Convolution:
        pass = .forward(hasBias: operation.hasBias, adds: false, relu: false)
        (geometry, image, weights) = (operation.geometry, inputTypes[0].shape, inputTypes[1].shape)
        result = resultTypes[0].shape
      case let operation as FinishedConvolution:
        pass = .forward(
          hasBias: operation.convolution.hasBias, adds: operation.adds, relu: operation.rectifies)
        (geometry, image, weights) = (operation.convolution.geometry, inputTypes[0].shape, inputTypes[1].shape)
        result = resultTypes[0].shape
      case let operation as ConvolutionBackwardData:
        pass = .backwardData
        (geometry, image, weights) = (operation.geometry, operation.inputShape, inputTypes[1].shape)
        result = inputTypes[0].shape
      case let operation as ConvolutionBackwardWeights:
        pass = .backwardWeights(hasBias: operation.hasBias)
        (geometry, image, weights) = (operation.geometry, inputTypes[0].shape, operation.weightShape)
        result = inputTypes[1].shape
      default: return nil
      }
      if image.elementCount == 0 || result.elementCount == 0 || weights.elementCount == 0 { return nil }
    }

    /// The shape of what the pass computes.
    var computed: Shape {
      switch pass {
      case .forward: result
      case .backwardData: image
      case .backwardWeights: weights
      }
    }

    var library: OneDNNConvolution {
      OneDNNConvolution(pass: pass, geometry: geometry, image: image, weights: weights, result: result)
    }

    /// The problem as the own kernels know it; nil where they are not meant for it.
    var own: apus_conv? {
      guard geometry.groups == 1, ConvolutionKernel.paysOff(self) else { return nil }
      var problem = apus_conv()
      problem.batch = Int64(image[0])
      problem.in_channels = Int64(image[1])
      problem.in_height = Int64(image[2])
      problem.in_width = Int64(image[3])
      problem.out_channels = Int64(result[1])
      problem.out_height = Int64(result[2])
      problem.out_width = Int64(result[3])
      problem.kernel_height = Int64(weights[2])
      problem.kernel_width = Int64(weights[3])
      problem.stride_h = Int64(geometry.stride.height)
      problem.stride_w = Int64(geometry.stride.width)
      problem.pad_top = Int64(geometry.paddingLow.height)
      problem.pad_left = Int64(geometry.paddingLow.width)
      problem.dilation_h = Int64(geometry.dilation.height)
      problem.dilation_w = Int64(geometry.dilation.width)
      problem.src_blocked = image[1] >= 4 ? 1 : 0
      problem.dst_blocked = 1
      if case .forward(_, _, relu: true) = pass { problem.relu = 1 }
      return apus_conv_supported(&problem, passNumber) != 0 ? problem : nil
    }

    var passNumber: Int32 {
      switch pass {
      case .forward: 0
      case .backwardData: 1
      case .backwardWeights: 2
      }
    }
  }

  static func layouts(_ node: Graph.Node, _ inputTypes: [TensorType], _ options: CPUOptions) -> LayoutChoice? {
    guard let problem = Problem(node, inputTypes) else { return nil }
    let isPrepared = node.lastingInputs.contains(1)
    if options.usesWinograd, let winograd = WinogradConvolution(problem, isPrepared: isPrepared) {
      return winograd.layouts
    }
    guard let own = problem.own else { return problem.library.layouts() }
    let image: Layout = own.src_blocked != 0 ? .channelBlocked(8) : .plain
    let result: Layout = .channelBlocked(8)
    switch problem.pass {
    case .forward(let hasBias, _, _):
      return LayoutChoice(inputs: [image, .plain] + (hasBias ? [.plain] : []), outputs: [result])
    case .backwardData: return LayoutChoice(inputs: [result, .plain], outputs: [image])
    case .backwardWeights(let hasBias):
      return LayoutChoice(inputs: [image, result], outputs: [.plain] + (hasBias ? [.plain] : []))
    }
  }

  /// Kernels transformed once, where Winograd's convolution reads them.
  static func preparedOperand(
    _ node: Graph.Node, _ inputTypes: [TensorType], _ inputLayouts: [Layout], _ options: CPUOptions
  ) -> PreparedOperand? {
    guard options.usesWinograd, let problem = Problem(node, inputTypes),
      let winograd = WinogradConvolution(problem, isPrepared: true), winograd.layouts.inputs == inputLayouts,
      let type = winograd.preparedType
    else { return nil }
    return PreparedOperand(
      input: 1, preparation: WinogradWeights(convolution: winograd), type: type,
      operation: PreparedWinograd(convolution: winograd, original: node.operation))
  }

  static func kernel(_ context: LoweringContext) -> Kernel? {
    guard let problem = Problem(context.node, context.inputTypes) else { return nil }
    guard let choice = layouts(context.node, context.inputTypes, context.options) else { return nil }
    // Without the layouts pass everything is plain: reorder around the kernel by the reference loops instead.
    guard choice.inputs == context.inputLayouts,
      choice.outputs.indices.allSatisfy({
        choice.outputs[$0] == context.outputLayout($0)
      })
    else { return nil }
    let threads = context.options.threads(forMultiplyAdds: problem.weights.elementCount * problem.result.elementCount)
    if context.options.usesWinograd, let winograd = WinogradConvolution(problem) { return winograd.kernel(threads) }
    guard var own = problem.own else { return problem.library.kernel() }
    let scratch = apus_conv_scratch(&own, problem.passNumber, threads)
    let description = ConstantArray([own])
    @Sendable func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
      pointer.assumingMemoryBound(to: Float.self)
    }
    switch problem.pass {
    case .forward(let hasBias, _, _):
      return Kernel(scratchBytes: scratch) { arguments in
        let output = hasBias ? 3 : 2
        apus_conv_forward(
          description.pointer, floats(arguments[0]), floats(arguments[1]), hasBias ? floats(arguments[2]) : nil,
          floats(arguments[output]), arguments[output + 1], threads)
      }
    case .backwardData:
      return Kernel(scratchBytes: scratch) { arguments in
        apus_conv_backward_data(
          description.pointer, floats(arguments[0]), floats(arguments[1]), floats(arguments[2]), arguments[3], threads)
      }
    case .backwardWeights(let hasBias):
      return Kernel(scratchBytes: scratch) { arguments in
        apus_conv_backward_weights(
          description.pointer, floats(arguments[0]), floats(arguments[1]), floats(arguments[2]),
          hasBias ? floats(arguments[3]) : nil, arguments[hasBias ? 4 : 3], threads)
      }
    }
  }
}

extension Layout {
  /// Channels in a block, for the layouts in which the own kernels take images; 0 for all others.
  var channelBlock: Int {
    for size in [8, 16] where self == .channelBlocked(size) { return size }
    return 0
  }
}
