import ApusTensor

/// How much models differ on the same samples.
enum Disagreement {
  /// Of classes: the fraction of samples on which two models decide differently, averaged over all pairs (0 to 1). Of
  /// numbers: the standard deviation between the models (of the population), as the root of its mean square.
  static func of(_ outputs: [HostArray], task: PredictionTask) -> Double {
    guard outputs.count > 1 else { return 0 }
    guard task == .regression else { return ofClasses(outputs.map { Predictions.classes($0, task: task) }) }
    let values = outputs.map { $0.scalars(as: Double.self) }
    let count = Double(values.count)
    let variances = values[0].indices.map { position in
      let mean = values.reduce(0) { $0 + $1[position] } / count
      return values.reduce(0) { $0 + ($1[position] - mean) * ($1[position] - mean) } / count
    }
    return (variances.reduce(0, +) / Double(max(variances.count, 1))).squareRoot()
  }

  private static func ofClasses(_ decisions: [[Int]]) -> Double {
    var different = 0
    var pairs = 0
    for (index, first) in decisions.enumerated() {
      for second in decisions[..<index] {
        different += zip(first, second).count { $0 != $1 }
        pairs += first.count
      }
    }
    return pairs == 0 ? 0 : Double(different) / Double(pairs)
  }
}
