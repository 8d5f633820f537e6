import ApusTensor

/// x where it is positive, elsewhere x times a slope that training draws for each element, uniformly from `lower` to
/// `upper`, and that use fixes at their mean (Xu, Wang, Chen, Li, 2015).
///
/// Shapes: any, kept. The derivative is 1 or the slope. Random numbers are the task's, as in ``Dropout``. As PyTorch's
/// `RReLU`.
///
/// ```swift
/// let h = RReLU()(hidden(x))
/// ```
public struct RReLU: Layer, Sendable, CustomStringConvertible {
  /// The usual slopes, 1/8 and 1/3.
  static let usual = (lower: 1.0 / 8, upper: 1.0 / 3)

  /// The least slope.
  public let lower: Double
  /// The largest slope.
  public let upper: Double

  /// Slopes from `lower` to `upper`.
  public init(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3) {
    if !(lower <= upper && lower.isFinite && upper.isFinite) {
      _ = LayerCheck.fail("RReLU: the lower slope must be at most the upper one, got \(lower) and \(upper)", nil)
    }
    (self.lower, self.upper) = (lower, upper)
  }

  /// The rectified input.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    Mode.isTraining
      ? randomizedLeakyReLU(x, lower: lower, upper: upper) : leakyReLU(x, slope: (lower + upper) / 2)
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    (lower, upper) == Self.usual ? "RReLU()" : "RReLU(lower: \(lower), upper: \(upper))"
  }
}
