import ApusCompiler
import ApusTensor
import CKernels

/// Convolutions: own direct kernels where there are few channels, Winograd's where the kernel is 3x3, else oneDNN; or, where
/// that is asked for, whichever is fastest here.
///
/// oneDNN's backward-weights reaches a tenth of its speed with one input channel; the own kernels hold the output
/// channels in registers and split the batch over threads.
enum ConvolutionKernel {
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

    /// Whether the own kernel is faster than oneDNN's, as measured on Zen 3: with one or two input channels always, with
    /// a few as long as the output channels fit into the registers.
    var ownPaysOff: Bool {
      let (inputs, outputs) = (image[1], result[1])
      let isNarrow = inputs <= 2 || (inputs <= 8 && outputs <= 16)
      return if case .backwardWeights = pass { isNarrow || inputs <= 4 } else { isNarrow }
    }

    /// The problem as the own kernels know it; nil where they cannot do it, or would multiply zeros as in a strided
    /// backward-data.
    var own: apus_conv? {
      guard geometry.groups == 1 else { return nil }
      switch pass {
      case .forward(_, adds: true, _): return nil
      case .backwardData where geometry.stride != 1: return nil
      default: break
      }
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

    /// Threads for its kernels.
    func threads(_ options: CPUOptions) -> Int32 {
      options.threads(forMultiplyAdds: weights.elementCount * result.elementCount)
    }

    var passNumber: Int32 {
      switch pass {
      case .forward: 0
      case .backwardData: 1
      case .backwardWeights: 2
      }
    }
  }

  static func layouts(
    _ node: Graph.Node, _ inputTypes: [TensorType], _ options: CPUOptions, _ chooser: KernelChooser?
  ) -> LayoutChoice? {
    guard let problem = Problem(node, inputTypes) else { return nil }
    let isPrepared = node.lastingInputs.contains(1)
    let way = way(problem, isPrepared: isPrepared, options, chooser, measures: true)
    return layouts(problem, way)
  }

  /// The layouts of a way; nil where it cannot do the problem.
  static func layouts(_ problem: Problem, _ way: ConvolutionWay) -> LayoutChoice? {
    switch way {
    case .winograd: return WinogradConvolution(problem, takesAnySize: true)?.layouts
    case .library: return problem.library.layouts()
    case .own: break
    }
    guard let own = problem.own else { return nil }
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

  /// The way to compute a convolution: by its sizes, or the fastest of those measured, where that is asked for.
  ///
  /// - Parameter measures: whether to measure what is not known yet.
  private static func way(
    _ problem: Problem, isPrepared: Bool, _ options: CPUOptions, _ chooser: KernelChooser?, measures: Bool = false
  ) -> ConvolutionWay {
    let usualWay = problem.fixedWay(options, isPrepared: isPrepared)
    guard let chooser else { return usualWay }
    let ways = problem.ways(options, isPrepared: isPrepared)
    let (names, threads) = (ways.map(\.rawValue), problem.threads(options))
    // Only Winograd's asks whether the kernels last.
    let label = problem.label(isPrepared: isPrepared && ways.contains(.winograd), threads: threads)
    guard measures else { return ways[chooser.known(label, names) ?? 0] }
    let place = chooser.choice(label, names) { place in
      guard let usual = layouts(problem, usualWay) else { return nil }
      let trial = ConvolutionTrial(
        problem, ways[place], usual: usual, isPrepared: isPrepared, threads: threads, memory: chooser.memory)
      return trial.map { trial in { trial.run() } }
    }
    return ways[place]
  }

  /// Kernels transformed once, where Winograd's convolution reads them.
  static func preparedOperand(
    _ node: Graph.Node, _ inputTypes: [TensorType], _ inputLayouts: [Layout], _ options: CPUOptions,
    _ chooser: KernelChooser?
  ) -> PreparedOperand? {
    guard let problem = Problem(node, inputTypes), way(problem, isPrepared: true, options, chooser) == .winograd,
      let winograd = WinogradConvolution(problem, takesAnySize: true), winograd.layouts.inputs == inputLayouts,
      let type = winograd.preparedType
    else { return nil }
    return PreparedOperand(
      input: 1, preparation: WinogradWeights(convolution: winograd), type: type,
      operation: PreparedWinograd(convolution: winograd, original: node.operation))
  }

  static func kernel(_ context: LoweringContext) -> Kernel? {
    guard let problem = Problem(context.node, context.inputTypes) else { return nil }
    // Whether kernels last is known only when layouts are chosen; the layouts say which choice it was.
    for isPrepared in [false, true] {
      let way = way(problem, isPrepared: isPrepared, context.options, context.chooser)
      guard let choice = layouts(problem, way) else { continue }
      // Without the layouts pass everything is plain: reorder around the kernel by the reference loops instead.
      guard choice.inputs == context.inputLayouts,
        choice.outputs.indices.allSatisfy({ choice.outputs[$0] == context.outputLayout($0) })
      else { continue }
      return kernel(problem, way, threads: problem.threads(context.options), isPrepared: false)
    }
    return nil
  }

  /// The kernel of a way; nil where it cannot do the problem.
  ///
  /// - Parameter isPrepared: whether Winograd's reads kernels that are transformed already.
  static func kernel(_ problem: Problem, _ way: ConvolutionWay, threads: Int32, isPrepared: Bool) -> Kernel? {
    switch way {
    case .winograd:
      let winograd = WinogradConvolution(problem, takesAnySize: true)
      let readsPrepared = isPrepared && winograd?.preparedType != nil
      return readsPrepared ? winograd?.preparedKernel(threads: threads) : winograd?.kernel(threads)
    case .library: return problem.library.kernel()
    case .own: break
    }
    guard var own = problem.own else { return nil }
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
