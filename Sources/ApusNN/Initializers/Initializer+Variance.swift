#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// Initializers that keep the variance of signals or gradients from layer to layer.
extension Initializer {
  /// What the variance is divided by.
  public enum FanMode: String, Sendable, Hashable, CaseIterable {
    /// The number of inputs of an output: signals keep their variance.
    case fanIn
    /// The number of outputs of an input: gradients keep their variance.
    case fanOut
    /// The mean of both, a compromise.
    case fanAverage

    /// The number for a weight.
    func callAsFunction(_ fans: Fans) -> Double {
      switch self {
      case .fanIn: Double(fans.fanIn)
      case .fanOut: Double(fans.fanOut)
      case .fanAverage: Double(fans.fanIn + fans.fanOut) / 2
      }
    }
  }

  /// The form of the distribution around 0.
  public enum Distribution: String, Sendable, Hashable, CaseIterable {
    /// Uniform in +-c, whose variance is c^2 / 3.
    case uniform
    /// Normal.
    case normal
    /// Normal without values beyond two of its standard deviations, widened so that the variance is the one asked for.
    case truncatedNormal
  }

  /// Variance `scale / n` with n the fan in, fan out or their mean: what all others here are cases of.
  ///
  /// As Keras's `VarianceScaling`, with its usual settings. Mean 0.
  public static func varianceScaling(
    _ scale: Double = 1, mode: FanMode = .fanIn, distribution: Distribution = .truncatedNormal
  ) -> Initializer {
    let name = "varianceScaling(\(scale), mode: .\(mode.rawValue), distribution: .\(distribution.rawValue))"
    return scaled(name, scale, mode, distribution)
  }

  /// Uniform in `+-gain sqrt(6 / (fan in + fan out))` (Glorot and Bengio, 2010).
  ///
  /// - Parameter gain: 1 for tanh and sigmoid as in the paper; sqrt(2) for ReLU.
  public static func glorotUniform(gain: Double) -> Initializer {
    scaled("glorotUniform(gain: \(gain))", gain * gain, .fanAverage, .uniform)
  }
  /// Normal with the standard deviation `gain sqrt(2 / (fan in + fan out))` (Glorot and Bengio, 2010).
  ///
  /// - Parameter gain: 1 for tanh and sigmoid; sqrt(2) for ReLU, as the lecture notes have it.
  public static func glorotNormal(gain: Double) -> Initializer {
    scaled("glorotNormal(gain: \(gain))", gain * gain, .fanAverage, .normal)
  }
  /// Uniform in `+-gain sqrt(3 / n)` (He, Zhang, Ren, Sun, 2015).
  ///
  /// - Parameters:
  ///   - mode: n: the fan in keeps signals, the fan out gradients.
  ///   - gain: sqrt(2) for ReLU; `sqrt(2 / (1 + slope^2))` for leaky ReLU.
  public static func heUniform(mode: FanMode, gain: Double = 2.0.squareRoot()) -> Initializer {
    scaled("heUniform(mode: .\(mode.rawValue), gain: \(gain))", gain * gain, mode, .uniform)
  }
  /// Normal with the standard deviation `gain / sqrt(n)` (He, Zhang, Ren, Sun, 2015); see ``heUniform(mode:gain:)``.
  public static func heNormal(mode: FanMode, gain: Double = 2.0.squareRoot()) -> Initializer {
    scaled("heNormal(mode: .\(mode.rawValue), gain: \(gain))", gain * gain, mode, .normal)
  }

  /// Uniform in `+-sqrt(6 / (fan in + fan out))` (Glorot and Bengio, 2010), also called Xavier's.
  public static let glorotUniform = scaled("glorotUniform", 1, .fanAverage, .uniform)
  /// Normal with variance `2 / (fan in + fan out)` (Glorot and Bengio, 2010), also called Xavier's.
  public static let glorotNormal = scaled("glorotNormal", 1, .fanAverage, .normal)
  /// Uniform in `+-sqrt(6 / fan in)`, for ReLU (He, Zhang, Ren, Sun, 2015), also called Kaiming's.
  public static let heUniform = scaled("heUniform", 2, .fanIn, .uniform)
  /// Normal with variance `2 / fan in`, for ReLU (He, Zhang, Ren, Sun, 2015), also called Kaiming's.
  public static let heNormal = scaled("heNormal", 2, .fanIn, .normal)
  /// Uniform in `+-sqrt(3 / fan in)` (LeCun, Bottou, Orr, Mueller, 1998).
  public static let lecunUniform = scaled("lecunUniform", 1, .fanIn, .uniform)
  /// Normal with variance `1 / fan in` (LeCun, Bottou, Orr, Mueller, 1998).
  public static let lecunNormal = scaled("lecunNormal", 1, .fanIn, .normal)
  /// What PyTorch's layers start with: uniform in `+-1/sqrt(fan in)`, for weights (there written as He uniform with
  /// a = sqrt(5)) and for biases, with the fan in of their weight.
  public static let torchDefault = scaled("torchDefault", 1.0 / 3, .fanIn, .uniform)

  private static func scaled(
    _ name: String, _ scale: Double, _ mode: FanMode, _ distribution: Distribution
  ) -> Initializer {
    if !(scale >= 0 && scale.isFinite) {
      _ = LayerCheck.fail("\(name): the scale of a variance must be a number of at least 0", nil)
    }
    @Sendable func variance(_ fans: Fans) -> Double { max(scale, 0) / max(mode(fans), 1) }
    switch distribution {
    case .uniform:
      return Initializer(
        name,
        parts: { part, fans, random in
          let bound = sqrt(3 * variance(fans))
          return random.uniform(part, -bound...bound)
        })
    case .normal:
      return Initializer(
        name,
        parts: { part, fans, random in
          let deviation = sqrt(variance(fans))
          return random.normal(part).map { $0 * deviation }
        })
    case .truncatedNormal:
      return Initializer(name) { shape, fans, random in
        let wide = sqrt(variance(fans)) / InitialRandom.deviationWithinTwo
        return random.truncatedNormal(shape.elementCount, limit: 2).map { $0 * wide }
      }
    }
  }
}
