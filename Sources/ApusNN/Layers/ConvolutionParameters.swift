import ApusTensor

/// The first weight and bias of a convolution layer, once its numbers are checked.
struct ConvolutionParameters {
  let weight: Parameter
  let bias: Parameter?

  /// - Parameters:
  ///   - layer: the layer as messages name it.
  ///   - kernel: extents of the kernel, one for each axis it moves along.
  ///   - others: further numbers that must be at least 1.
  ///   - isTransposed: whether the weight is `[inputs, outputs / groups, ...]`, not `[outputs, inputs / groups, ...]`.
  init(
    _ layer: String, _ inputs: Int, _ outputs: Int, kernel: [Int], others: [Int], groups: Int, hasBias: Bool,
    isTransposed: Bool = false, weightInitializer: Initializer, biasInitializer: Initializer, dtype: DType
  ) {
    var shape = Shape([1, 1] + kernel.map { _ in 1 })
    var channels = 1
    if LayerCheck.positive(layer, [inputs, outputs, groups] + kernel + others) {
      if inputs % groups == 0, outputs % groups == 0 {
        shape = Shape((isTransposed ? [inputs, outputs / groups] : [outputs, inputs / groups]) + kernel)
        channels = outputs
      } else {
        _ = LayerCheck.fail("\(layer): \(groups) groups must divide both numbers of channels", nil)
      }
    }
    let fans = Fans(of: shape)
    weight = Parameter(weightInitializer(shape, fans: fans, dtype: dtype))
    bias = hasBias ? Parameter(biasInitializer([channels], fans: fans, dtype: dtype), role: .bias) : nil
  }

  /// The parameters of a layer, listed directly: a walk by reflection would look at every property.
  static func parts(_ weight: Parameter, _ bias: Parameter?) -> [(name: String, part: Any)] {
    bias.map { [("weight", weight), ("bias", $0)] } ?? [("weight", weight)]
  }

  /// The arguments that are not the defaults, as in code.
  static func arguments(
    stride: Size2D, padding: Padding, outputPadding: Size2D = 0, dilation: Size2D, groups: Int, hasBias: Bool,
    activation: Activation
  ) -> String {
    var text = ""
    if stride != 1 { text += ", stride: \(stride.code)" }
    if padding != .valid { text += ", padding: \(padding)" }
    if outputPadding != 0 { text += ", outputPadding: \(outputPadding.code)" }
    if dilation != 1 { text += ", dilation: \(dilation.code)" }
    if groups != 1 { text += ", groups: \(groups)" }
    if !hasBias { text += ", bias: false" }
    if !activation.isIdentity { text += ", activation: .\(activation)" }
    return text
  }
}
