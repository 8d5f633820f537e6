import ApusCompiler
import ApusTensor
import CKernels

/// 3x3 convolutions with stride 1 by Winograd's F(4x4, 3x3): a quarter of the products (Lavin, Gray, 2016).
///
/// Forward and both gradients. Weights stay plain, images lie in the blocks the instruction set likes.
struct WinogradConvolution {
  private var problem: apus_winograd
  private let pass: OneDNNConvolution.Pass
  /// The type of what is computed.
  let resultType: TensorType

  /// Nil where the convolution is another, or the direct way is as fast: few channels, few tiles to share the
  /// transformed weights, or images so small that tiles hang far over their edges.
  ///
  /// - Parameters:
  ///   - isPrepared: whether the kernels are transformed once for many runs.
  ///   - takesAnySize: whether few tiles and those over edges are no reason against it.
  init?(_ convolution: ConvolutionKernel.Problem, isPrepared: Bool = false, takesAnySize: Bool = false) {
    let geometry = convolution.geometry
    let (image, result, weights) = (convolution.image, convolution.result, convolution.weights)
    guard geometry.groups == 1, geometry.stride == 1, geometry.dilation == 1, weights[2] == 3, weights[3] == 3,
      max(geometry.paddingLow.height, geometry.paddingLow.width) <= 2,
      max(geometry.paddingHigh.height, geometry.paddingHigh.width) <= 2,
      min(image[1], result[1]) >= Self.leastChannels
    else { return nil }
    let (height, width) = (result[2], result[3])
    let tiles = result[0] * ((height + 3) / 4) * ((width + 3) / 4)
    let isLarge = tiles >= (isPrepared ? Self.leastTilesOfPrepared : Self.leastTiles)
    guard takesAnySize || isLarge && Double(tiles * 16) <= Self.mostWaste * Double(result[0] * height * width) else {
      return nil
    }
    pass = convolution.pass
    resultType = TensorType(convolution.computed, .float32)
    let isBackwardData = if case .backwardData = pass { true } else { false }
    // The gradient of the images is the convolution of the result's gradient with the reversed weights, whose channels
    // change places.
    let (from, to) = isBackwardData ? (result, image) : (image, result)
    var problem = apus_winograd()
    problem.batch = Int64(image[0])
    (problem.in_channels, problem.in_height, problem.in_width) = (Int64(from[1]), Int64(from[2]), Int64(from[3]))
    (problem.out_channels, problem.out_height, problem.out_width) = (Int64(to[1]), Int64(to[2]), Int64(to[3]))
    let low = geometry.paddingLow
    problem.pad_top = Int64(isBackwardData ? 2 - low.height : low.height)
    problem.pad_left = Int64(isBackwardData ? 2 - low.width : low.width)
    problem.out_step = Int64(isBackwardData ? 9 : weights[1] * 9)
    problem.in_step = Int64(isBackwardData ? weights[1] * 9 : 9)
    problem.reversed = isBackwardData ? 1 : 0
    if case .forward(_, _, relu: true) = pass { problem.relu = 1 }
    self.problem = problem
  }

  // Measured against oneDNN on Zen 5: 1.3 to 1.6 times as fast with 64 tiles of images of 14x14, 0.9 with 32 of 7x7.
  private static let leastChannels = 32
  private static let leastTiles = 48
  private static let leastTilesOfPrepared = 24
  /// Of pixels in tiles to pixels of the result; 13x13 is at 1.51 and gains a fourth still.
  private static let mostWaste = 1.6

  var layouts: LayoutChoice {
    let blocked = Layout.channelBlocked(Int(apus_winograd_block()))
    return switch pass {
    case .forward(let hasBias, let adds, _):
      LayoutChoice(
        inputs: [blocked, .plain] + (hasBias ? [.plain] : []) + (adds ? [blocked] : []), outputs: [blocked])
    case .backwardData: LayoutChoice(inputs: [blocked, .plain], outputs: [blocked])
    case .backwardWeights(let hasBias):
      LayoutChoice(inputs: [blocked, blocked], outputs: [.plain] + (hasBias ? [.plain] : []))
    }
  }

  /// Multiply-adds of the direct way.
  var multiplyAdds: Int { resultType.shape.elementCount * Int(problem.in_channels) * 9 }

  func encode(into key: inout PlanKey) {
    let sizes = [
      problem.batch, problem.in_channels, problem.in_height, problem.in_width, problem.out_channels, problem.out_height,
      problem.out_width, problem.pad_top, problem.pad_left, problem.out_step, problem.in_step,
    ]
    key.add(sizes.map { Int($0) })
    key.add(Int(problem.relu))
    key.add(Int(problem.reversed))
  }

  /// The type of the kernels once transformed; nil for the gradients, whose kernels are never kept.
  var preparedType: TensorType? {
    guard case .forward = pass else { return nil }
    return withUnsafePointer(to: problem) { TensorType([Int(apus_winograd_weight_floats($0))], .float32) }
  }

  /// Transforms kernels.
  func weightKernel(threads: Int32) -> Kernel {
    let description = ConstantArray([problem])
    return Kernel { arguments in
      apus_winograd_prepare(description.pointer, floats(arguments[0]), floats(arguments[1]), threads)
    }
  }

  /// Convolves with transformed kernels.
  func preparedKernel(threads: Int32) -> Kernel {
    var prepared = self
    prepared.problem.prepared = 1
    return prepared.kernel(threads)
  }

  func kernel(_ threads: Int32) -> Kernel {
    let description = ConstantArray([problem])
    switch pass {
    case .forward(let hasBias, let adds, _):
      let bias = 2
      let added = hasBias ? 3 : 2
      let output = added + (adds ? 1 : 0)
      return Kernel(
        scratchBytes: Int(apus_winograd_scratch(description.pointer, threads)), inPlace: adds ? [(added, 0)] : []
      ) { arguments in
        apus_winograd_forward(
          description.pointer, floats(arguments[0]), floats(arguments[1]), hasBias ? floats(arguments[bias]) : nil,
          adds ? floats(arguments[added]) : nil, floats(arguments[output]), arguments[output + 1], threads)
      }
    case .backwardData:
      return Kernel(scratchBytes: Int(apus_winograd_scratch(description.pointer, threads))) { arguments in
        apus_winograd_forward(
          description.pointer, floats(arguments[0]), floats(arguments[1]), nil, nil, floats(arguments[2]),
          arguments[3], threads)
      }
    case .backwardWeights(let hasBias):
      return Kernel(scratchBytes: Int(apus_winograd_weights_scratch(description.pointer))) { arguments in
        apus_winograd_backward_weights(
          description.pointer, floats(arguments[0]), floats(arguments[1]), floats(arguments[2]),
          hasBias ? floats(arguments[3]) : nil, arguments[hasBias ? 4 : 3], threads)
      }
    }
  }
}

@Sendable private func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
  pointer.assumingMemoryBound(to: Float.self)
}
