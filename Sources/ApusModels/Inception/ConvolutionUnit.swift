import ApusNN
import ApusTensor

/// A convolution with batch normalisation and ReLU, of which the Inception networks are made: parameters `conv.weight`,
/// `bn.weight`, ...; without normalisation `conv.weight` and `conv.bias`.
///
/// ```swift
/// let unit = ConvolutionUnit(64, 96, kernel: 3, padding: 1)
/// ```
public struct ConvolutionUnit: Layer, CustomStringConvertible {
  /// The convolution; it has a bias where no normalisation follows.
  public var conv: Conv2D
  /// What follows the convolution; its epsilon is 0.001.
  public var bn: BatchNorm?

  /// A unit from `inputs` to `outputs` channels.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Size2D = 1, stride: Size2D = 1, padding: Padding = .valid,
    normalizes: Bool = true, weightInitializer: Initializer = .torchDefault,
    biasInitializer: Initializer = .torchDefault, dtype: DType = .float32
  ) {
    conv = Conv2D(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding, bias: !normalizes,
      weightInitializer: weightInitializer, biasInitializer: biasInitializer, dtype: dtype)
    bn = normalizes ? BatchNorm(outputs, epsilon: 0.001, dtype: dtype) : nil
  }

  /// The output.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let h = conv(x)
    return relu(bn.map { $0(h) } ?? h)
  }

  /// The layers, as torchvision calls them.
  public var namedParts: [(name: String, part: Any)]? { bn.map { [("conv", conv), ("bn", $0)] } ?? [("conv", conv)] }

  /// The name of the type; its layers follow in a description of the model.
  public var description: String { "ConvolutionUnit" }
}
