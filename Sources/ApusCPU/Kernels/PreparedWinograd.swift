import ApusCompiler
import ApusTensor

/// The kernels of a convolution transformed for Winograd's.
struct WinogradWeights: Primitive {
  let convolution: WinogradConvolution

  var name: String { "winograd_weights" }

  func encode(into key: inout PlanKey) { convolution.encode(into: &key) }

  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard let type = convolution.preparedType else { throw ShapeError("kernels of gradients are not kept") }
    return [type]
  }

  func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("transformed kernels exist only inside plans")
  }

  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    preconditionFailure("transformed kernels exist only in plans of the CPU backend")
  }
}

/// Winograd's convolution with kernels transformed beforehand.
struct PreparedWinograd: CountsMultiplyAdds {
  let convolution: WinogradConvolution
  /// What it stands for.
  let original: any Primitive

  func multiplyAdds(_ inputs: [TensorType], _ outputs: [TensorType]) -> Int { convolution.multiplyAdds }

  var name: String { original.name }

  func encode(into key: inout PlanKey) { convolution.encode(into: &key) }

  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [convolution.resultType] }

  func gradient(_ context: GradientContext) -> [Tensor?] {
    preconditionFailure("prepared convolutions exist only inside plans")
  }

  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    preconditionFailure("prepared convolutions exist only in plans of the CPU backend")
  }
}
