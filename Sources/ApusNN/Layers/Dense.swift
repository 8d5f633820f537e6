import ApusTensor

/// A fully connected layer: `y = phi(x W^T + b)`.
///
/// Shapes: `[..., inputs]` gives `[..., outputs]`. Parameters: `weight` `[outputs, inputs]`, `bias` `[outputs]`, as
/// PyTorch's `Linear`, which also is where the default initial values come from: both uniform in
/// `+-1/sqrt(inputs)`.
///
/// ```swift
/// let hidden = Dense(784, 512, activation: .relu, weightInitializer: .heNormal)
/// let h = hidden(x)     // [128, 784] -> [128, 512]
/// ```
public struct Dense: Layer, CustomStringConvertible {
  /// The matrix `[outputs, inputs]`.
  public var weight: Parameter
  /// The term added to each output.
  public var bias: Parameter?
  /// What is applied to the sum.
  public var activation: Activation

  /// A layer from `inputs` to `outputs` features.
  ///
  /// - Parameters:
  ///   - bias: whether a bias is added.
  ///   - activation: what is applied to the sum; nothing by default.
  ///   - weightInitializer: PyTorch's default, uniform in `+-1/sqrt(inputs)`.
  ///   - biasInitializer: PyTorch's default, the same range. A small positive constant keeps ReLUs alive at the start.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation = .identity,
    weightInitializer: Initializer = .torchDefault, biasInitializer: Initializer = .torchDefault,
    dtype: DType = .float32
  ) {
    let shape =
      LayerCheck.positive("Dense(\(inputs), \(outputs))", inputs, outputs) ? [outputs, inputs] : [1, 1] as Shape
    let fans = Fans(of: shape)
    weight = Parameter(weightInitializer(shape, fans: fans, dtype: dtype))
    self.bias = bias ? Parameter(biasInitializer([shape[0]], fans: fans, dtype: dtype), role: .bias) : nil
    self.activation = activation
  }

  /// `phi(x W^T + b)`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = weight.value
    guard x.rank >= 1, x.shape[x.rank - 1] == w.shape[1] else {
      let last = x.rank == 0 ? "a scalar" : "\(x.shape)"
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(last), its last axis must have \(w.shape[1]) features, "
          + "for example [N, \(w.shape[1])]", TensorType([1, w.shape[0]], w.dtype))
    }
    let rows = x.rank == 2 ? x : x.reshaped(to: [x.count / w.shape[1], w.shape[1]] as Shape)
    var y = Tensor.record(MatMul(transposesRight: true), [rows, w])
    if let bias { y = y + bias.value }
    y = activation(y)
    return x.rank == 2 ? y : y.reshaped(to: Shape(Array(x.shape.dropLast()) + [w.shape[0]]))
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? {
    bias.map { [("weight", weight), ("bias", $0)] } ?? [("weight", weight)]
  }

  /// The code that builds the layer.
  public var description: String {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let options =
      (bias == nil ? ", bias: false" : "") + (activation.isIdentity ? "" : ", activation: .\(activation)")
    return "Dense(\(inputs), \(outputs)\(options))"
  }
}
