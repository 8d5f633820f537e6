import ApusTensor

/// Adds normal noise of mean 0 in training, so that a network learns to do without small details; in inference it passes its
/// input on (Bishop, 1995: for small noise a penalty on the slope of the outputs).
///
/// Shapes: any, kept. The gradient passes unchanged. Random numbers are the task's, as in ``Dropout``. As Keras's
/// `GaussianNoise`.
///
/// ```swift
/// Sequential([GaussianNoise(0.1), Dense(784, 512, activation: .relu), Dense(512, 10)])
/// ```
public struct GaussianNoise: Layer, CustomStringConvertible {
  /// The standard deviation of the noise.
  public let standardDeviation: Double

  /// Noise with a standard deviation of at least 0.
  public init(_ standardDeviation: Double) {
    if !(standardDeviation >= 0 && standardDeviation.isFinite) {
      _ = LayerCheck.fail(
        "GaussianNoise(\(standardDeviation)): the standard deviation must be a number of at least 0", nil)
    }
    self.standardDeviation = standardDeviation
  }

  /// The input with noise in training, the input itself otherwise.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard Mode.isTraining, standardDeviation > 0 else { return x }
    return x + Tensor.randomNormal(x.shape, standardDeviation: standardDeviation, dtype: x.dtype)
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "GaussianNoise(\(standardDeviation))" }
}
