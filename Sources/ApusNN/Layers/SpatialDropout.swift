import ApusTensor

/// Sets whole channels to 0 at random in training, and scales the others by `1 / (1 - probability)`, so that their
/// expectation stays: neighbouring pixels of a map say much the same, so single ones are no loss to drop (Tompson,
/// Goroshin, Jain, LeCun, Bregler, 2015). In inference it passes its input on.
///
/// Shapes: `[N, C, positions...]`, kept. The gradient passes where the channel passes. Random numbers are the task's, as in
/// ``Dropout``. As PyTorch's `Dropout1d` and `Dropout2d` and Keras's `SpatialDropout`.
///
/// ```swift
/// let h = SpatialDropout(0.2)(relu(conv(x)))
/// ```
public struct SpatialDropout: Layer, CustomStringConvertible {
  /// How probably a channel is dropped.
  public let probability: Double

  /// A layer that drops with a probability of at least 0 and below 1.
  public init(_ probability: Double = 0.5) {
    if !(probability >= 0 && probability < 1) {
      _ = LayerCheck.fail("SpatialDropout(\(probability)): the probability must be at least 0 and below 1", nil)
    }
    self.probability = probability
  }

  /// The input with channels dropped in training, the input itself otherwise.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2 else {
      return LayerCheck.fail("\(description): the input is \(x.shape), it must be [N, C, ...]", x.type)
    }
    guard Mode.isTraining, probability > 0 else { return x }
    let channels = Shape(Array(x.shape.prefix(2)) + [Int](repeating: 1, count: x.rank - 2))
    let isKept = Tensor.randomBernoulli(channels, probability: 1 - probability)
    return (x * (1 / (1 - probability))).selected(where: isKept, otherwise: Tensor.zeros([], dtype: x.dtype))
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "SpatialDropout(\(probability))" }
}
