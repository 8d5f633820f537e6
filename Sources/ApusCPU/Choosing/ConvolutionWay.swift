import ApusCompiler
import ApusTensor

/// A way to compute a convolution or one of its gradients.
///
/// The names stand in the file of choices. Of oneDNN only the kernel that it prefers is one: the others are for narrower
/// vectors or plain loops, and version 2.6 gives the first one again once that was made.
enum ConvolutionWay: String, Sendable {
  /// Winograd's minimal filtering.
  case winograd
  /// The own direct kernel for few channels.
  case own
  case library = "onednn"
}

extension ConvolutionKernel.Problem {
  /// The way that depends on sizes alone: Winograd's where it is allowed and pays off, the own kernel where there are few
  /// channels, else oneDNN's.
  ///
  /// - Parameter isPrepared: whether the kernels stay the same, so that they are transformed once for many runs.
  func fixedWay(_ options: CPUOptions, isPrepared: Bool) -> ConvolutionWay {
    if options.usesWinograd, WinogradConvolution(self, isPrepared: isPrepared) != nil { return .winograd }
    return ownPaysOff && own != nil ? .own : .library
  }

  /// All ways that are worth a trial, the fixed one first.
  func ways(_ options: CPUOptions, isPrepared: Bool) -> [ConvolutionWay] {
    let fixed = fixedWay(options, isPrepared: isPrepared)
    // What takes microseconds is not worth measuring, and could not be measured well.
    guard multiplyAdds >= Self.leastMultiplyAdds else { return [fixed] }
    var ways: [ConvolutionWay] = [.library]
    if options.usesWinograd, WinogradConvolution(self, takesAnySize: true) != nil { ways.append(.winograd) }
    if image[1] <= Self.mostChannelsOfOwn, own != nil { ways.append(.own) }
    return [fixed] + ways.filter { $0 != fixed }
  }

  private static let leastMultiplyAdds = 1 << 20
  private static let mostChannelsOfOwn = 32

  private var multiplyAdds: Int { weights.elementCount / max(weights[0], 1) * result.elementCount }

  /// What inputs and outputs of the kernel are.
  var operands: (inputs: [TensorType], outputs: [TensorType]) {
    func type(_ shape: Shape) -> TensorType { TensorType(shape, .float32) }
    let bias = type([weights[0]])
    switch pass {
    case .forward(let hasBias, let adds, _):
      let rest = (hasBias ? [bias] : []) + (adds ? [type(result)] : [])
      return ([type(image), type(weights)] + rest, [type(result)])
    case .backwardData: return ([type(result), type(weights)], [type(image)])
    case .backwardWeights(let hasBias):
      return ([type(image), type(result)], [type(weights)] + (hasBias ? [bias] : []))
    }
  }

  /// The problem in words, the same for equal problems only.
  func label(isPrepared: Bool, threads: Int32) -> String {
    func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "x") }
    func pair(_ size: Size2D) -> String { list([size.height, size.width]) }
    let kind =
      switch pass {
      case .forward(let hasBias, let adds, let relu):
        "forward" + (hasBias ? "+bias" : "") + (adds ? "+sum" : "") + (relu ? "+relu" : "")
      case .backwardData: "backward-data"
      case .backwardWeights(let hasBias): "backward-weights" + (hasBias ? "+bias" : "")
      }
    let (low, high) = (geometry.paddingLow, geometry.paddingHigh)
    return "\(kind) f32 \(list(Array(image))) by \(list(Array(weights))) stride \(pair(geometry.stride)) "
      + "pad \(pair(low)) \(pair(high)) dilation \(pair(geometry.dilation)) groups \(geometry.groups) "
      + "threads \(threads)" + (isPrepared ? " kept" : "")
  }
}
