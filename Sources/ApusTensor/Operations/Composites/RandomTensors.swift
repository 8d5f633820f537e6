// Tensors of random numbers: counter-based, so that element i depends only on seed, step, operation and i, never on
// threads. See RandomContext for where seed and step come from; an explicit seed always gives the same numbers.

extension Tensor {
  private static func random(_ kind: RandomKind, _ shape: Shape, _ dtype: DType, _ seed: UInt64?) -> Tensor {
    let (key, stream) = RandomContext.next(seed: seed)
    return Tensor.record(Random(kind: kind, shape: shape, dtype: dtype, stream: stream), [key])
  }

  /// Numbers uniformly distributed in a range, f32 or f64.
  ///
  /// Rounding may yield the upper bound itself when the range does not start at 0.
  public static func randomUniform(
    _ shape: Shape, in range: Range<Double> = 0..<1, dtype: DType = .float32, seed: UInt64? = nil
  ) -> Tensor {
    let unit = random(.uniform, shape, dtype, seed)
    if range == 0..<1 { return unit }
    return unit * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  /// Numbers of a normal distribution, f32 or f64 (Box and Muller, 1958).
  public static func randomNormal(
    _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32, seed: UInt64? = nil
  ) -> Tensor {
    var result = random(.normal, shape, dtype, seed)
    if standardDeviation != 1 { result = result * standardDeviation }
    return mean == 0 ? result : result + mean
  }

  /// Truth values that hold with a probability, with 24 random bits each.
  public static func randomBernoulli(_ shape: Shape, probability: Double, seed: UInt64? = nil) -> Tensor {
    random(.uniform, shape, .float32, seed) .< probability
  }

  /// Integers uniformly distributed in a range of at most 2^53 numbers.
  public static func randomIntegers(
    _ shape: Shape, in range: Range<Int>, dtype: DType = .int64, seed: UInt64? = nil
  ) -> Tensor {
    guard !range.isEmpty, dtype.isInteger else {
      let problem = "randomIntegers: needs an integer type and a range that is not empty, got \(dtype) and \(range)"
      return Diagnostics.fail(ShapeError(problem), like: TensorType(shape, dtype))
    }
    let steps = floor(random(.uniform, shape, .float64, seed) * Double(range.count))
    return (steps + Double(range.lowerBound)).cast(to: dtype)
  }

  /// The integers `0..<count` in random order, i64.
  public static func randomPermutation(_ count: Int, seed: UInt64? = nil) -> Tensor {
    random(.uniform, [Swift.max(count, 0)], .float64, seed).argSorted(axis: 0)
  }
}
