import ApusTensor

/// Layer normalisation: the features of each sample get mean 0 and variance 1, then a learnt scale and shift. Other samples
/// do not matter, so training and use are the same and a batch of 1 is fine (Ba, Kiros, Hinton, 2016).
///
///     y = (x - mean) / sqrt(variance + epsilon) weight + bias
///
/// Shapes: `[..., features]`, kept; of a shape of several axes these are the last ones. Parameters of that shape: `weight`
/// (1 at the start) and `bias` (0), as PyTorch's `LayerNorm`. Keras's epsilon is 1e-3.
///
/// ```swift
/// let h = relu(LayerNorm(512)(dense(x)))
/// let maps = LayerNorm([16, 10, 10])(conv(images))
/// ```
public struct LayerNorm: Layer, CustomStringConvertible {
  /// The learnt scale.
  public var weight: Parameter?
  /// The learnt shift.
  public var bias: Parameter?
  /// The extents of the axes that are normalised together, the last ones of the input.
  public let shape: Shape
  /// Added to the variance.
  public let epsilon: Double

  /// A normalisation over the last axes, of this shape.
  ///
  /// - Parameters:
  ///   - affine: whether a scale is learnt, and a shift unless `bias` is false.
  ///   - bias: whether a shift is learnt.
  public init(
    _ shape: Shape, epsilon: Double = 1e-5, affine: Bool = true, bias: Bool = true, dtype: DType = .float32
  ) {
    let layer = "LayerNorm(\(shape))"
    var size: Shape = [1]
    if shape.rank > 0, shape.allSatisfy({ $0 > 0 }) {
      size = shape
    } else {
      _ = LayerCheck.fail("\(layer): every size must be at least 1", nil)
    }
    LayerCheck.epsilon(layer, epsilon)
    weight = affine ? Parameter(Initializer.ones(size, dtype: dtype), role: .scale) : nil
    self.bias = affine && bias ? Parameter(Initializer.zeros(size, dtype: dtype), role: .bias) : nil
    (self.shape, self.epsilon) = (size, epsilon)
  }

  /// A normalisation over the last axis, of so many features.
  public init(
    _ features: Int, epsilon: Double = 1e-5, affine: Bool = true, bias: Bool = true, dtype: DType = .float32
  ) {
    self.init([features] as Shape, epsilon: epsilon, affine: affine, bias: bias, dtype: dtype)
  }

  /// The normalised tensor.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= shape.rank, Array(x.shape.suffix(shape.rank)) == Array(shape) else {
      let wanted = shape.map(String.init).joined(separator: ", ")
      return LayerCheck.fail(
        "\(description)\(weight?.place ?? ""): the input is \(x.shape), it must be [..., \(wanted)]", x.type)
    }
    return layerNorm(x, axes: shape.rank, scale: weight?.value, shift: bias?.value, epsilon: epsilon)
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { LayerCheck.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    var text = shape.rank == 1 ? "LayerNorm(\(shape[0])" : "LayerNorm(\(shape)"
    if epsilon != 1e-5 { text += ", epsilon: \(epsilon)" }
    return text + (weight == nil ? ", affine: false)" : bias == nil ? ", bias: false)" : ")")
  }
}
