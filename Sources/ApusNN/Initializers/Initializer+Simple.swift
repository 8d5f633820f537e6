import ApusTensor

// Initializers that do not look at the layer. All weights the same keep all units of a layer the same for ever.
extension Initializer {
  /// 0 everywhere.
  public static let zeros = constant(0)
  /// 1 everywhere.
  public static let ones = constant(1)

  /// The same value everywhere.
  public static func constant(_ value: Double) -> Initializer {
    Initializer(
      value == 0 ? "zeros" : value == 1 ? "ones" : "constant(\(value))",
      parts: { part, _, _ in [Double](repeating: value, count: part.count) })
  }

  /// Uniform in a range: mean the middle, variance width^2 / 12.
  public static func uniform(_ range: ClosedRange<Double>) -> Initializer {
    Initializer("uniform(\(range))", parts: { part, _, random in random.uniform(part, range) })
  }

  /// Normal. Drawn from numbers of 24 bits: none is further than 5.8 deviations from the mean.
  public static func normal(mean: Double = 0, standardDeviation: Double = 1) -> Initializer {
    Initializer(
      "normal(mean: \(mean), standardDeviation: \(standardDeviation))",
      parts: { part, _, random in random.normal(part).map { mean + standardDeviation * $0 } })
  }

  /// Normal, without the values beyond `bounds` standard deviations from the mean, which are drawn again.
  ///
  /// With the usual bound of 2 the variance is 0.7737 of the full normal's (standard deviation 0.8796), and
  /// `standardDeviation` is that of the full one. As Keras's `TruncatedNormal`; PyTorch's `trunc_normal_` gives its bounds as
  /// values, -2 and 2, which for a deviation of 0.02 cut nothing.
  ///
  /// - Precondition: `bounds` is at least 0.1.
  public static func truncatedNormal(
    mean: Double = 0, standardDeviation: Double = 1, bounds: Double = 2
  ) -> Initializer {
    if !(bounds >= 0.1) {
      _ = LayerCheck.fail("truncatedNormal: the bounds must be at least 0.1 standard deviations, got \(bounds)", nil)
    }
    let limit = max(bounds, 0.1)
    let name = "truncatedNormal(mean: \(mean), standardDeviation: \(standardDeviation)"
    return Initializer(name + (bounds == 2 ? ")" : ", bounds: \(bounds))")) { shape, _, random in
      random.truncatedNormal(shape.elementCount, limit: limit).map { mean + standardDeviation * $0 }
    }
  }
}
