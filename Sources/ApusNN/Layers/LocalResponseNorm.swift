import ApusTensor

/// Local response normalisation: strong channels dampen their neighbours at the same position; after the activation
/// (Krizhevsky, Sutskever, Hinton, 2012).
///
///     y_c = x_c / (k + alpha / size sum over neighbours c' of x_c'^2)^beta
///
/// By default as PyTorch's `LocalResponseNorm`; with `dividesBySize: false` the sum is multiplied by alpha alone, as in the
/// paper and the lecture notes. Shapes: `[N, C, ...]`, kept. Nothing is learnt.
///
/// ```swift
/// let h = LocalResponseNorm(5)(relu(conv(x)))
/// let alexNet = LocalResponseNorm(5, alpha: 1e-4, beta: 0.75, k: 2, dividesBySize: false)
/// ```
public struct LocalResponseNorm: Layer, Hashable, Sendable, CustomStringConvertible {
  /// How many neighbouring channels count.
  public let size: Int
  /// The factor of the sum of squares.
  public let alpha: Double
  /// The exponent.
  public let beta: Double
  /// The constant added to the sum.
  public let k: Double
  /// Whether alpha is divided by the size.
  public let dividesBySize: Bool

  /// A normalisation over neighbourhoods of `size` channels.
  public init(
    _ size: Int = 5, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1, dividesBySize: Bool = true
  ) {
    let layer = "LocalResponseNorm(\(size))"
    let isPossible = LayerCheck.positive(layer, size)
    if !(alpha >= 0 && alpha.isFinite && beta.isFinite && k > 0 && k.isFinite) {
      _ = LayerCheck.fail(
        "\(layer): alpha must be at least 0, k positive and beta a number, got \(alpha), \(k) and \(beta)", nil)
    }
    self.size = isPossible ? size : 1
    (self.alpha, self.beta, self.k, self.dividesBySize) = (alpha, beta, k, dividesBySize)
  }

  /// The normalised tensor.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2 else {
      return LayerCheck.fail("\(description): the input is \(x.shape), it must be [N, C, ...]", x.type)
    }
    return localResponseNorm(x, size: size, alpha: alpha, beta: beta, k: k, dividesBySize: dividesBySize)
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    var text = "LocalResponseNorm(\(size)"
    if alpha != 1e-4 { text += ", alpha: \(alpha)" }
    if beta != 0.75 { text += ", beta: \(beta)" }
    if k != 1 { text += ", k: \(k)" }
    return text + (dividesBySize ? ")" : ", dividesBySize: false)")
  }
}
