#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// Initializers that keep the variance of signals or gradients from layer to layer. A uniform distribution in +-c has
// the variance c^2/3.
extension Initializer {
  /// Uniform in `+-gain sqrt(6 / (fan in + fan out))` (Glorot and Bengio, 2010).
  public static let glorotUniform = uniform("glorotUniform") { 2.0 / Double($0.fanIn + $0.fanOut) }
  /// Normal with variance `2 / (fan in + fan out)` (Glorot and Bengio, 2010).
  public static let glorotNormal = normal("glorotNormal") { 2.0 / Double($0.fanIn + $0.fanOut) }
  /// Uniform in `+-sqrt(6 / fan in)`, for ReLU (He, Zhang, Ren, Sun, 2015).
  public static let heUniform = uniform("heUniform") { 2.0 / Double($0.fanIn) }
  /// Normal with variance `2 / fan in`, for ReLU (He, Zhang, Ren, Sun, 2015).
  public static let heNormal = normal("heNormal") { 2.0 / Double($0.fanIn) }
  /// Uniform in `+-sqrt(3 / fan in)` (LeCun, Bottou, Orr, Mueller, 1998).
  public static let lecunUniform = uniform("lecunUniform") { 1.0 / Double($0.fanIn) }
  /// Normal with variance `1 / fan in` (LeCun, Bottou, Orr, Mueller, 1998).
  public static let lecunNormal = normal("lecunNormal") { 1.0 / Double($0.fanIn) }
  /// What PyTorch's layers start with: uniform in `+-1/sqrt(fan in)`, for weights (there written as He uniform with
  /// a = sqrt(5)) and for biases, with the fan in of their weight.
  public static let torchDefault = uniform("torchDefault") { 1.0 / (3.0 * Double($0.fanIn)) }

  /// Every initializer without settings.
  public static let all: [Initializer] = [
    .torchDefault, .zeros, .ones, .glorotUniform, .glorotNormal, .heUniform, .heNormal, .lecunUniform, .lecunNormal,
  ]

  /// The initializer with a name, or nil.
  public static func named(_ name: String) -> Initializer? { all.first { $0.name == name } }

  private static func uniform(_ name: String, _ variance: @escaping @Sendable (Fans) -> Double) -> Initializer {
    Initializer(name) { count, fans, random in
      let bound = sqrt(3 * variance(fans))
      return random.uniform(count, -bound...bound)
    }
  }

  private static func normal(_ name: String, _ variance: @escaping @Sendable (Fans) -> Double) -> Initializer {
    Initializer(name) { count, fans, random in
      let deviation = sqrt(variance(fans))
      return random.normal(count).map { $0 * deviation }
    }
  }
}
