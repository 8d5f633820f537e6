import ApusTensor

/// Reading class decisions from the outputs of a network.
public enum Predictions {
  /// The class with the largest output for every row of `[N, classes]`; the first of equal ones.
  ///
  /// Rows whose outputs are not numbers give class 0.
  public static func classes(_ outputs: HostArray) -> [Int] {
    guard outputs.shape.rank == 2 else { return [] }
    let (rows, classes) = (outputs.shape[0], outputs.shape[1])
    let values = outputs.scalars(as: Float.self)
    return values.withUnsafeBufferPointer { values in
      (0..<rows).map { row in
        var best = 0
        for position in 1..<max(classes, 1) where values[row * classes + position] > values[row * classes + best] {
          best = position
        }
        return best
      }
    }
  }

  /// The probabilities of the classes for one row of logits.
  public static func probabilities(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let powers = logits.map { exponential($0 - largest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  /// How many rows of `[N, classes]` have their largest output at the label; nil when the targets are not labels `[N]`.
  static func correct(_ outputs: HostArray, _ targets: HostArray) -> Int? {
    guard targets.shape.rank == 1, targets.dtype == .int32, outputs.shape.rank == 2 else { return nil }
    return zip(classes(outputs), targets.scalars(as: Int32.self)).reduce(0) { $1.0 == Int($1.1) ? $0 + 1 : $0 }
  }
}
