import ApusTensor

/// A 2-D convolution (cross-correlation) over images: each output channel is a bias plus the input seen through a
/// kernel that moves over it (LeCun et al., 1989).
///
/// Shapes: `[N, inputs, H, W]` gives `[N, outputs, H', W']` with
/// `H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down. Parameters: `weight`
/// `[outputs, inputs / groups, kernel height, kernel width]`, `bias` `[outputs]`, as PyTorch's `Conv2d`, also in the
/// default initial values: uniform in `+-1/sqrt(inputs / groups * kernel area)`.
///
/// ```swift
/// let conv = Conv2D(1, 6, kernel: 5, padding: 2)
/// let maps = conv(images)     // [128, 1, 28, 28] -> [128, 6, 28, 28]
/// ```
public struct Conv2D: Layer, CustomStringConvertible {
  /// The kernels `[outputs, inputs / groups, height, width]`.
  public var weight: Parameter
  /// The term added to each output channel.
  public var bias: Parameter?
  /// What is applied to the sum.
  public var activation: Activation
  /// Distance between neighbouring windows.
  public let stride: Size2D
  /// How far windows reach over the border.
  public let padding: Padding
  /// Distance between neighbouring elements of a window.
  public let dilation: Size2D
  /// Groups of channels that do not see each other; as many as inputs for a depthwise convolution.
  public let groups: Int

  /// A convolution from `inputs` to `outputs` channels.
  ///
  /// - Parameters:
  ///   - bias: whether a bias is added.
  ///   - weightInitializer, biasInitializer: PyTorch's defaults.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Size2D, stride: Size2D = 1, padding: Padding = .valid, dilation: Size2D = 1,
    groups: Int = 1, bias: Bool = true, activation: Activation = .identity,
    weightInitializer: Initializer = .torchDefault, biasInitializer: Initializer = .torchDefault,
    dtype: DType = .float32
  ) {
    let layer = "Conv2D(\(inputs), \(outputs), kernel: \(kernel.code))"
    let parameters = ConvolutionParameters(
      layer, inputs, outputs, kernel: [kernel.height, kernel.width], others: [stride.height, stride.width],
      groups: groups, hasBias: bias, weightInitializer: weightInitializer, biasInitializer: biasInitializer,
      dtype: dtype)
    (weight, self.bias) = (parameters.weight, parameters.bias)
    self.activation = activation
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// The convolved images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = weight.value
    let channels = w.shape[1] * groups
    guard x.rank == 4, x.shape[1] == channels else {
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(x.shape), it must be images [N, \(channels), H, W]",
        TensorType([1, w.shape[0], 1, 1], w.dtype))
    }
    let kernel = Size2D(w.shape[2], w.shape[3])
    let (low, high) = padding.resolved(
      image: Size2D(x.shape[2], x.shape[3]), kernel: kernel, stride: stride, dilation: dilation)
    let geometry = ConvolutionGeometry(
      stride: stride, paddingLow: low, paddingHigh: high, dilation: dilation, groups: groups)
    let inputs = bias.map { [x, w, $0.value] } ?? [x, w]
    return activation(Tensor.record(Convolution(geometry: geometry, hasBias: bias != nil), inputs))
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { ConvolutionParameters.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    let shape = weight.shape
    let arguments = ConvolutionParameters.arguments(
      stride: stride, padding: padding, dilation: dilation, groups: groups, hasBias: bias != nil,
      activation: activation)
    return "Conv2D(\(shape[1] * groups), \(shape[0]), kernel: \(Size2D(shape[2], shape[3]).code)\(arguments))"
  }
}
