import ApusTensor

/// Instance normalisation: each channel of each sample gets mean 0 and variance 1 over its positions; for pictures whose
/// contrast should not matter (Ulyanov, Vedaldi, Lempitsky, 2016).
///
///     y = (x - mean) / sqrt(variance + epsilon) weight + bias
///
/// Shapes: `[N, channels, positions...]`, kept. Parameters `[channels]` if `affine`: `weight` (1 at the start) and `bias`
/// (0). As PyTorch's `InstanceNorm1d` and `InstanceNorm2d`, without a scale and shift by default and without running
/// statistics: training and use are the same.
///
/// ```swift
/// let h = relu(InstanceNorm(64)(conv(x)))
/// ```
public struct InstanceNorm: Layer, CustomStringConvertible {
  /// The learnt scale.
  public var weight: Parameter?
  /// The learnt shift.
  public var bias: Parameter?
  /// Added to the variance.
  public let epsilon: Double
  private let channels: Int

  /// A normalisation of so many channels.
  public init(_ channels: Int, epsilon: Double = 1e-5, affine: Bool = false, dtype: DType = .float32) {
    let layer = "InstanceNorm(\(channels))"
    let size = LayerCheck.positive(layer, channels) ? channels : 1
    LayerCheck.epsilon(layer, epsilon)
    weight = affine ? Parameter(Initializer.ones([size], dtype: dtype), role: .scale) : nil
    bias = affine ? Parameter(Initializer.zeros([size], dtype: dtype), role: .bias) : nil
    (self.channels, self.epsilon) = (size, epsilon)
  }

  /// The normalised tensor.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 3, x.shape[1] == channels, x.count / max(x.shape[0] * channels, 1) > 1 else {
      return LayerCheck.fail(
        "\(description)\(weight?.place ?? ""): the input is \(x.shape), it must be [N, \(channels), positions...] with "
          + "at least 2 positions", x.type)
    }
    return groupNorm(x, groups: channels, scale: weight?.value, shift: bias?.value, epsilon: epsilon)
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { LayerCheck.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    var text = "InstanceNorm(\(channels)"
    if epsilon != 1e-5 { text += ", epsilon: \(epsilon)" }
    return text + (weight == nil ? ")" : ", affine: true)")
  }
}
