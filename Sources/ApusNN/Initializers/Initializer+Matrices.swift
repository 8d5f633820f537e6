import ApusTensor

// Initializers of whole matrices.
extension Initializer {
  /// A random orthogonal matrix times `gain`: a weight `[outputs, inputs...]`, seen as a matrix, has orthonormal rows, or
  /// columns where it has more rows, so that it neither stretches nor shrinks signals; for recurrent weights (Saxe,
  /// McClelland, Ganguli, 2014).
  ///
  /// Uniformly distributed over all such matrices: normal vectors, made orthogonal one after the other (Gram and Schmidt,
  /// twice, in double precision, which leaves errors of about 1e-15). As PyTorch's `orthogonal_`.
  public static func orthogonal(gain: Double) -> Initializer {
    Initializer(gain == 1 ? "orthogonal" : "orthogonal(gain: \(gain))") { shape, _, random in
      let rows = shape.rank > 0 ? shape[0] : 1
      let columns = rows > 0 ? shape.elementCount / rows : 0
      let (count, length) = (min(rows, columns), max(rows, columns))
      let vectors = orthonormal(random.normal(count * length), count: count, length: length)
      guard rows > columns else { return vectors.map { $0 * gain } }
      return (0..<rows * columns).map { vectors[$0 % columns * length + $0 / columns] * gain }
    }
  }

  /// A random orthogonal matrix; see ``orthogonal(gain:)``.
  public static let orthogonal = orthogonal(gain: 1)

  /// The matrix, or the convolution kernel, that passes its input on: 1 where output and input have the same number, in a
  /// kernel at its middle; 0 elsewhere. As PyTorch's `eye_` and `dirac_`.
  public static let identity = Initializer("identity") { shape, _, _ in
    var values = [Double](repeating: 0, count: shape.elementCount)
    guard shape.rank >= 2 else { return values.map { _ in 1 } }
    let strides = shape.rowMajorStrides
    let middle = (2..<shape.rank).reduce(0) { $0 + shape[$1] / 2 * strides[$1] }
    for unit in 0..<min(shape[0], shape[1]) { values[unit * (strides[0] + strides[1]) + middle] = 1 }
    return values
  }

  /// Vectors made orthogonal and of length 1, one after the other.
  private static func orthonormal(_ start: [Double], count: Int, length: Int) -> [Double] {
    var values = start
    values.withUnsafeMutableBufferPointer { v in
      func product(_ a: Int, _ b: Int) -> Double {
        var sum = 0.0
        for index in 0..<length { sum += v[a * length + index] * v[b * length + index] }
        return sum
      }
      for vector in 0..<count {
        for _ in 0..<2 {
          for other in 0..<vector {
            let share = product(vector, other)
            for index in 0..<length { v[vector * length + index] -= share * v[other * length + index] }
          }
        }
        let size = product(vector, vector).squareRoot()
        for index in 0..<length { v[vector * length + index] /= size }
      }
    }
    return values
  }
}
