import ApusTensor

/// A 1-D convolution (cross-correlation) over sequences: each output channel is a bias plus the input seen through a
/// kernel that moves along it. It is ``Conv2D`` on images of one row.
///
/// Shapes: `[N, inputs, L]` gives `[N, outputs, L']` with
/// `L' = (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down. Parameters: `weight`
/// `[outputs, inputs / groups, kernel]`, `bias` `[outputs]`, as PyTorch's `Conv1d`, also in the default initial values.
///
/// ```swift
/// let conv = Conv1D(12, 32, kernel: 5, padding: .same)
/// let h = conv(sounds)     // [16, 12, 400] -> [16, 32, 400]
/// ```
public struct Conv1D: Layer, CustomStringConvertible {
  /// The kernels `[outputs, inputs / groups, kernel]`.
  public var weight: Parameter
  /// The term added to each output channel.
  public var bias: Parameter?
  /// What is applied to the sum.
  public var activation: Activation
  /// Distance between neighbouring windows.
  public let stride: Int
  /// How far windows reach over both ends.
  public let padding: Padding
  /// Distance between neighbouring elements of a window.
  public let dilation: Int
  /// Groups of channels that do not see each other.
  public let groups: Int

  /// A convolution from `inputs` to `outputs` channels.
  ///
  /// - Parameters:
  ///   - bias: whether a bias is added.
  ///   - weightInitializer, biasInitializer: PyTorch's defaults.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, activation: Activation = .identity,
    weightInitializer: Initializer = .torchDefault, biasInitializer: Initializer = .torchDefault,
    dtype: DType = .float32
  ) {
    let layer = "Conv1D(\(inputs), \(outputs), kernel: \(kernel))"
    _ = padding.ofRow(layer)
    let parameters = ConvolutionParameters(
      layer, inputs, outputs, kernel: [kernel], others: [stride, dilation], groups: groups, hasBias: bias,
      weightInitializer: weightInitializer, biasInitializer: biasInitializer, dtype: dtype)
    (weight, self.bias) = (parameters.weight, parameters.bias)
    self.activation = activation
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// The convolved sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = weight.value
    let channels = w.shape[1] * groups
    guard x.rank == 3, x.shape[1] == channels else {
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(x.shape), it must be sequences [N, \(channels), L]",
        TensorType([1, w.shape[0], 1], w.dtype))
    }
    let (low, high) = padding.ofRow(description).resolved(
      image: Size2D(1, x.shape[2]), kernel: Size2D(1, w.shape[2]), stride: Size2D(1, stride),
      dilation: Size2D(1, dilation))
    let geometry = ConvolutionGeometry(
      stride: Size2D(1, stride), paddingLow: low, paddingHigh: high, dilation: Size2D(1, dilation), groups: groups)
    let kernels = w.expandingShape(at: 2)
    return x.asRows { activation(conv2D($0, kernels, bias: bias?.value, geometry: geometry)) }
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { ConvolutionParameters.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    let shape = weight.shape
    let arguments = ConvolutionParameters.arguments(
      stride: Size2D(stride), padding: padding, dilation: Size2D(dilation), groups: groups, hasBias: bias != nil,
      activation: activation)
    return "Conv1D(\(shape[1] * groups), \(shape[0]), kernel: \(shape[2])\(arguments))"
  }
}

extension Tensor {
  /// What an operation on images makes of sequences `[N, C, L]` that are seen as images of one row.
  func asRows(_ body: (Tensor) -> Tensor) -> Tensor {
    let rows = body(expandingShape(at: 2))
    return rows.reshaped(to: rows.shape.removing(axes: [2]))
  }
}

/// A transposed 1-D convolution: ``ConvTranspose2D`` on images of one row.
///
/// Shapes: `[N, inputs, L]` gives `[N, outputs, L']` with
/// `L' = (L - 1) stride - 2 padding + dilation (kernel - 1) + 1 + outputPadding`, or `L stride` with padding `.same`.
/// Parameters: `weight` `[inputs, outputs / groups, kernel]`, `bias` `[outputs]`, as PyTorch's `ConvTranspose1d`, also in
/// the default initial values.
///
/// ```swift
/// let up = ConvTranspose1D(32, 12, kernel: 4, stride: 2, padding: 1)
/// let sounds = up(h)     // [16, 32, 200] -> [16, 12, 400]
/// ```
public struct ConvTranspose1D: Layer, CustomStringConvertible {
  /// The kernels `[inputs, outputs / groups, kernel]`.
  public var weight: Parameter
  /// The term added to each output channel.
  public var bias: Parameter?
  /// What is applied to the sum.
  public var activation: Activation
  /// Distance between the places where neighbouring elements add their kernels.
  public let stride: Int
  /// How much of both ends of the output is cut off.
  public let padding: Padding
  /// Elements added at the end of the output, fewer than the stride or the dilation.
  public let outputPadding: Int
  /// Distance between neighbouring elements of a kernel.
  public let dilation: Int
  /// Groups of channels that do not see each other.
  public let groups: Int

  /// A transposed convolution from `inputs` to `outputs` channels; arguments as of ``ConvTranspose2D``.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Padding = .valid, outputPadding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true, activation: Activation = .identity,
    weightInitializer: Initializer = .torchDefault, biasInitializer: Initializer = .torchDefault,
    dtype: DType = .float32
  ) {
    let layer = "ConvTranspose1D(\(inputs), \(outputs), kernel: \(kernel))"
    _ = padding.ofRow(layer)
    if padding == .same, outputPadding != 0 {
      _ = LayerCheck.fail("\(layer): padding .same decides the size, an output padding cannot be added", nil)
    }
    let parameters = ConvolutionParameters(
      layer, inputs, outputs, kernel: [kernel], others: [stride, dilation], groups: groups, hasBias: bias,
      isTransposed: true, weightInitializer: weightInitializer, biasInitializer: biasInitializer, dtype: dtype)
    (weight, self.bias) = (parameters.weight, parameters.bias)
    self.activation = activation
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups) = (dilation, groups)
  }

  /// The lengthened sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = weight.value
    guard x.rank == 3, x.shape[1] == w.shape[0], x.shape[2] > 0 else {
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(x.shape), it must be sequences [N, \(w.shape[0]), L] of at "
          + "least one element", TensorType([1, w.shape[1] * groups, 1], w.dtype))
    }
    let kernels = w.expandingShape(at: 2)
    return x.asRows { rows in
      let (geometry, extra) = ConvTranspose2D.geometry(
        rows, kernels, stride: Size2D(1, stride), padding: padding.ofRow(description),
        outputPadding: Size2D(0, outputPadding), dilation: Size2D(1, dilation), groups: groups)
      return activation(transposedConv2D(rows, kernels, bias: bias?.value, geometry: geometry, outputPadding: extra))
    }
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { ConvolutionParameters.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    let shape = weight.shape
    let arguments = ConvolutionParameters.arguments(
      stride: Size2D(stride), padding: padding, outputPadding: Size2D(outputPadding), dilation: Size2D(dilation),
      groups: groups, hasBias: bias != nil, activation: activation)
    return "ConvTranspose1D(\(shape[0]), \(shape[1] * groups), kernel: \(shape[2])\(arguments))"
  }
}
