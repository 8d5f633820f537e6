extension Metric {
  /// `r2`: the part of the targets' variance that the outputs explain, `1 - sum (y - f)^2 / sum (y - mean y)^2`: 1 at
  /// best, 0 for the constant mean, below 0 for worse than that.
  ///
  /// Of several outputs the mean. Where the targets do not vary it is 1 if every output is right, else 0.
  /// scikit-learn: `r2_score`; Keras: `R2Score`.
  public static let r2 = Metric("r2", for: [.regression]) { CoefficientOfDetermination() }
}

/// Sums for each output; the variance by Welford's (1962) updates, which do not cancel.
private struct CoefficientOfDetermination: StreamingMetric {
  private struct Output {
    var count = 0.0
    var mean = 0.0
    var spread = 0.0
    var residual = 0.0

    mutating func add(_ output: Double, _ target: Double) {
      count += 1
      let distance = target - mean
      mean += distance / count
      spread += distance * (target - mean)
      residual += (target - output) * (target - output)
    }

    var value: Double { spread > 0 ? 1 - residual / spread : residual == 0 ? 1 : 0 }
  }

  private var outputs: [Output] = []

  mutating func add(_ batch: JudgedBatch) {
    if outputs.isEmpty { outputs = Array(repeating: Output(), count: batch.width) }
    for (index, pair) in zip(batch.outputs, batch.targets).enumerated() {
      outputs[index % batch.width].add(pair.0, pair.1)
    }
  }

  var value: Double { outputs.isEmpty ? 0 : outputs.reduce(0) { $0 + $1.value } / Double(outputs.count) }
}
