import ApusCompiler
import ApusTensor
import CKernels

/// 3x3 convolutions with stride 1 by Winograd's F(4x4, 3x3): a quarter of the products (Lavin, Gray, 2016).
///
/// Forward and both gradients. Weights stay plain, images lie in the blocks the instruction set likes.
struct WinogradConvolution {
  private let problem: apus_winograd
  private let pass: OneDNNConvolution.Pass

  /// Nil where the convolution is another, or the direct way is as fast: few channels, few tiles to share the
  /// transformed weights, or images so small that tiles hang far over their edges.
  init?(_ convolution: ConvolutionKernel.Problem) {
    let geometry = convolution.geometry
    let (image, result, weights) = (convolution.image, convolution.result, convolution.weights)
    guard geometry.groups == 1, geometry.stride == 1, geometry.dilation == 1, weights[2] == 3, weights[3] == 3,
      max(geometry.paddingLow.height, geometry.paddingLow.width) <= 2,
      max(geometry.paddingHigh.height, geometry.paddingHigh.width) <= 2,
      min(image[1], result[1]) >= Self.leastChannels
    else { return nil }
    let (height, width) = (result[2], result[3])
    let tiles = result[0] * ((height + 3) / 4) * ((width + 3) / 4)
    guard tiles >= Self.leastTiles, Double(tiles * 16) <= Self.mostWaste * Double(result[0] * height * width) else {
      return nil
    }
    pass = convolution.pass
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
    if case .forward(_, relu: true) = pass { problem.relu = 1 }
    self.problem = problem
  }

  // Measured against oneDNN on Zen 5: 1.3 to 1.6 times as fast with 64 tiles of images of 14x14, 0.9 with 32 of 7x7.
  private static let leastChannels = 32
  private static let leastTiles = 48
  /// Of pixels in tiles to pixels of the result; 13x13 is at 1.51 and gains a fourth still.
  private static let mostWaste = 1.6

  var layouts: LayoutChoice {
    let blocked = Layout.channelBlocked(Int(apus_winograd_block()))
    return switch pass {
    case .forward(let hasBias, _):
      LayoutChoice(inputs: [blocked, .plain] + (hasBias ? [.plain] : []), outputs: [blocked])
    case .backwardData: LayoutChoice(inputs: [blocked, .plain], outputs: [blocked])
    case .backwardWeights(let hasBias):
      LayoutChoice(inputs: [blocked, blocked], outputs: [.plain] + (hasBias ? [.plain] : []))
    }
  }

  func kernel(_ threads: Int32) -> Kernel {
    let description = ConstantArray([problem])
    @Sendable func floats(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
      pointer.assumingMemoryBound(to: Float.self)
    }
    switch pass {
    case .forward(let hasBias, _):
      return Kernel(scratchBytes: Int(apus_winograd_scratch(description.pointer, threads))) { arguments in
        let output = hasBias ? 3 : 2
        apus_winograd_forward(
          description.pointer, floats(arguments[0]), floats(arguments[1]), hasBias ? floats(arguments[2]) : nil,
          floats(arguments[output]), arguments[output + 1], threads)
      }
    case .backwardData:
      return Kernel(scratchBytes: Int(apus_winograd_scratch(description.pointer, threads))) { arguments in
        apus_winograd_forward(
          description.pointer, floats(arguments[0]), floats(arguments[1]), nil, floats(arguments[2]), arguments[3],
          threads)
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
