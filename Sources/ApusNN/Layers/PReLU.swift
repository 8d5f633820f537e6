import ApusTensor

/// x where it is positive, a learnt slope times x elsewhere, so that each channel finds how much of the negative side it
/// lets through (He, Zhang, Ren, Sun, 2015).
///
/// Shapes: `[N, C, ...]`, kept. Parameter `weight` `[C]`, or `[1]` for all channels; a scale, so no penalty shrinks it. The
/// gradient with respect to a slope is the sum of the negative x of its channel times theirs. As PyTorch's `PReLU`.
///
/// ```swift
/// Sequential([Conv2D(3, 16, kernel: 3), PReLU(16), Flatten(), Dense(400, 10), PReLU()])
/// ```
public struct PReLU: Layer, CustomStringConvertible {
  /// The slopes.
  public var weight: Parameter
  private let initial: Double

  /// Slopes for so many channels, or one for all, that start at `initial`.
  public init(_ channels: Int = 1, initial: Double = 0.25, dtype: DType = .float32) {
    let isPossible = LayerCheck.positive("PReLU(\(channels))", channels)
    if !initial.isFinite {
      _ = LayerCheck.fail("PReLU(\(channels)): the first slope must be a number, got \(initial)", nil)
    }
    weight = Parameter(Initializer.constant(initial)([isPossible ? channels : 1], dtype: dtype), role: .scale)
    self.initial = initial
  }

  /// `max(x, 0) + weight min(x, 0)`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let channels = weight.shape[0]
    guard channels == 1 || x.rank >= 2 && x.shape[1] == channels else {
      return LayerCheck.fail(
        "\(description)\(weight.place): the input is \(x.shape), it must be [N, \(channels), ...]", x.type)
    }
    return prelu(x, slope: weight.value)
  }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [("weight", weight)] }

  /// The code that builds the layer.
  public var description: String {
    let channels = weight.shape[0] == 1 ? [] : ["\(weight.shape[0])"]
    let start = initial == 0.25 ? [] : ["initial: \(Naming.text(initial))"]
    return "PReLU(\((channels + start).joined(separator: ", ")))"
  }
}
