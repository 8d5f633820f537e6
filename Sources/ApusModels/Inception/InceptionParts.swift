import ApusNN
import ApusTensor

/// Builds what the later Inception networks have in common.
struct InceptionParts {
  /// How the weights of convolutions start.
  let weights: Initializer
  let dtype: DType

  /// A convolution with batch normalisation and ReLU; padded, it keeps the size of the maps.
  func unit(
    _ inputs: Int, _ outputs: Int, _ height: Int = 1, _ width: Int? = nil, stride: Size2D = 1, pads: Bool = false,
    weights: Initializer? = nil
  ) -> ConvolutionUnit {
    let kernel = Size2D(height, width ?? height)
    return ConvolutionUnit(
      inputs, outputs, kernel: kernel, stride: stride,
      padding: pads ? .size(Size2D(kernel.height / 2, kernel.width / 2)) : .valid,
      weightInitializer: weights ?? self.weights, dtype: dtype)
  }

  /// The mean of 3x3 pixels, then a 1x1 convolution.
  func meanBranch(_ inputs: Int, _ outputs: Int) -> Sequential {
    Sequential([AveragePool2D(3, stride: 1, padding: 1, countsPadding: false), unit(inputs, outputs)])
  }

  /// A branch of several layers, which are called as if they were the module's own.
  static func way(_ layers: [(name: String, layer: any Layer)]) -> (name: String, layer: any Layer) {
    ("", NamedLayers.chain(layers))
  }

  /// Branches called `branch0`, `branch1`, ...
  static func numbered(_ branches: [any Layer]) -> NamedLayers {
    .branches(branches.enumerated().map { ("branch\($0)", $1) })
  }
}
