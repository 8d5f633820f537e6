import ApusTensor

/// A transposed 2-D convolution: each input pixel adds its multiple of the kernel to the output, which is larger by the
/// stride; also called deconvolution (Zeiler et al., 2010). It undoes the change of size of ``Conv2D``.
///
/// Shapes: `[N, inputs, H, W]` gives `[N, outputs, H', W']` with
/// `H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + 1 + outputPadding`, or `H stride` with padding `.same`.
/// Parameters: `weight` `[inputs, outputs / groups, kernel height, kernel width]`, `bias` `[outputs]`, as PyTorch's
/// `ConvTranspose2d`, also in the default initial values: uniform in `+-1/sqrt(outputs / groups * kernel area)`.
///
/// ```swift
/// let up = ConvTranspose2D(128, 64, kernel: 2, stride: 2)
/// let maps = up(h)     // [8, 128, 14, 14] -> [8, 64, 28, 28]
/// ```
public struct ConvTranspose2D: Layer, CustomStringConvertible {
  /// The kernels `[inputs, outputs / groups, height, width]`.
  public var weight: Parameter
  /// The term added to each output channel.
  public var bias: Parameter?
  /// What is applied to the sum.
  public var activation: Activation
  /// Distance between the places where neighbouring pixels add their kernels.
  public let stride: Size2D
  /// How much of the border of the output is cut off.
  public let padding: Padding
  /// Rows added below and columns added on the right of the output, fewer than the stride or the dilation.
  public let outputPadding: Size2D
  /// Distance between neighbouring elements of a kernel.
  public let dilation: Size2D
  /// Groups of channels that do not see each other.
  public let groups: Int

  /// A transposed convolution from `inputs` to `outputs` channels.
  ///
  /// - Parameters:
  ///   - padding: numbers as PyTorch means them; `.same` gives exactly `stride` times the size.
  ///   - outputPadding: only with padding that is not `.same`.
  ///   - bias: whether a bias is added.
  ///   - weightInitializer, biasInitializer: PyTorch's defaults.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Size2D, stride: Size2D = 1, padding: Padding = .valid,
    outputPadding: Size2D = 0, dilation: Size2D = 1, groups: Int = 1, bias: Bool = true,
    activation: Activation = .identity, weightInitializer: Initializer = .torchDefault,
    biasInitializer: Initializer = .torchDefault, dtype: DType = .float32
  ) {
    let layer = "ConvTranspose2D(\(inputs), \(outputs), kernel: \(kernel.code))"
    if padding == .same, outputPadding != 0 {
      _ = LayerCheck.fail("\(layer): padding .same decides the size, an output padding cannot be added", nil)
    }
    let parameters = ConvolutionParameters(
      layer, inputs, outputs, kernel: [kernel.height, kernel.width],
      others: [stride.height, stride.width, dilation.height, dilation.width], groups: groups, hasBias: bias,
      isTransposed: true, weightInitializer: weightInitializer, biasInitializer: biasInitializer, dtype: dtype)
    (weight, self.bias) = (parameters.weight, parameters.bias)
    self.activation = activation
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups) = (dilation, groups)
  }

  /// The enlarged images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = weight.value
    guard x.rank == 4, x.shape[1] == w.shape[0], x.shape[2] > 0, x.shape[3] > 0 else {
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(x.shape), it must be images [N, \(w.shape[0]), H, W] of at "
          + "least one pixel", TensorType([1, w.shape[1] * groups, 1, 1], w.dtype))
    }
    let (geometry, extra) = Self.geometry(
      x, w, stride: stride, padding: padding, outputPadding: outputPadding, dilation: dilation, groups: groups)
    return activation(transposedConv2D(x, w, bias: bias?.value, geometry: geometry, outputPadding: extra))
  }

  /// The convolution that is transposed, and what is added to its image.
  static func geometry(
    _ x: Tensor, _ w: Tensor, stride: Size2D, padding: Padding, outputPadding: Size2D, dilation: Size2D, groups: Int
  ) -> (ConvolutionGeometry, outputPadding: Size2D) {
    let kernel = Size2D(w.shape[2], w.shape[3])
    let image = Size2D(x.shape[2] * stride.height, x.shape[3] * stride.width)
    let (low, high) = padding.resolved(image: image, kernel: kernel, stride: stride, dilation: dilation)
    let geometry = ConvolutionGeometry(
      stride: stride, paddingLow: low, paddingHigh: high, dilation: dilation, groups: groups)
    guard padding == .same else { return (geometry, outputPadding) }
    // A kernel shorter than the stride leaves gaps, of which the last is missing.
    let gap = Size2D(
      max(stride.height - dilation.height * (kernel.height - 1) - 1, 0),
      max(stride.width - dilation.width * (kernel.width - 1) - 1, 0))
    return (geometry, gap)
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { ConvolutionParameters.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    let shape = weight.shape
    let arguments = ConvolutionParameters.arguments(
      stride: stride, padding: padding, outputPadding: outputPadding, dilation: dilation, groups: groups,
      hasBias: bias != nil, activation: activation)
    let kernel = Size2D(shape[2], shape[3]).code
    return "ConvTranspose2D(\(shape[0]), \(shape[1] * groups), kernel: \(kernel)\(arguments))"
  }
}
