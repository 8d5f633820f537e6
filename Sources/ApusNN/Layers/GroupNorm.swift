import ApusTensor

/// Group normalisation: in each sample the channels of a group get mean 0 and variance 1 together, over all positions, then
/// each channel a learnt scale and shift; for batches too small for ``BatchNorm`` (Wu, He, 2018).
///
///     y = (x - mean) / sqrt(variance + epsilon) weight + bias
///
/// Shapes: `[N, channels, ...]`, kept. Parameters `[channels]`: `weight` (1 at the start) and `bias` (0), as PyTorch's
/// `GroupNorm`. 32 groups are usual; one is layer normalisation of all channels and positions.
///
/// ```swift
/// let h = relu(GroupNorm(groups: 8, 64)(conv(x)))
/// ```
public struct GroupNorm: Layer, CustomStringConvertible {
  /// The learnt scale.
  public var weight: Parameter?
  /// The learnt shift.
  public var bias: Parameter?
  /// How many groups there are.
  public let groups: Int
  /// Added to the variance.
  public let epsilon: Double
  private let channels: Int

  /// A normalisation of so many channels in so many groups, which must divide them.
  public init(
    groups: Int, _ channels: Int, epsilon: Double = 1e-5, affine: Bool = true, dtype: DType = .float32
  ) {
    let layer = "GroupNorm(groups: \(groups), \(channels))"
    var (size, parts) = (1, 1)
    if LayerCheck.positive(layer, groups, channels) {
      if channels % groups == 0 {
        (size, parts) = (channels, groups)
      } else {
        _ = LayerCheck.fail("\(layer): \(groups) groups must divide the channels", nil)
      }
    }
    LayerCheck.epsilon(layer, epsilon)
    weight = affine ? Parameter(Initializer.ones([size], dtype: dtype), role: .scale) : nil
    bias = affine ? Parameter(Initializer.zeros([size], dtype: dtype), role: .bias) : nil
    (self.groups, self.channels, self.epsilon) = (parts, size, epsilon)
  }

  /// The normalised tensor.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2, x.shape[1] == channels else {
      return LayerCheck.fail(
        "\(description)\(weight?.place ?? ""): the input is \(x.shape), it must be [N, \(channels), ...]", x.type)
    }
    return groupNorm(x, groups: groups, scale: weight?.value, shift: bias?.value, epsilon: epsilon)
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { LayerCheck.parts(weight, bias) }

  /// The code that builds the layer.
  public var description: String {
    var text = "GroupNorm(groups: \(groups), \(channels)"
    if epsilon != 1e-5 { text += ", epsilon: \(epsilon)" }
    return text + (weight == nil ? ", affine: false)" : ")")
  }
}
