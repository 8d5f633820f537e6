extension Metric {
  /// `mse`: the mean of the squared differences of outputs and targets, over samples and outputs; 0 without samples.
  ///
  /// scikit-learn: `mean_squared_error`; Keras: `MeanSquaredError`.
  public static let meanSquaredError = Metric("mse", for: [.regression], isHigherBetter: false) {
    MeanError({ $0 * $0 }, { $0 })
  }

  /// `rmse`: the square root of ``meanSquaredError``, in the units of the targets.
  ///
  /// Of several outputs the root of the mean over all of them (Keras: `RootMeanSquaredError`), where scikit-learn takes
  /// the mean of the outputs' roots.
  public static let rootMeanSquaredError = Metric("rmse", for: [.regression], isHigherBetter: false) {
    MeanError({ $0 * $0 }, { $0.squareRoot() })
  }

  /// `mae`: the mean of the magnitudes of the differences of outputs and targets; 0 without samples.
  ///
  /// scikit-learn: `mean_absolute_error`; Keras: `MeanAbsoluteError`.
  public static let meanAbsoluteError = Metric("mae", for: [.regression], isHigherBetter: false) {
    MeanError(\.magnitude, { $0 })
  }
}

private struct MeanError: StreamingMetric {
  private var sum = 0.0
  private var count = 0
  private let error: @Sendable (Double) -> Double
  private let transform: @Sendable (Double) -> Double

  init(_ error: @escaping @Sendable (Double) -> Double, _ transform: @escaping @Sendable (Double) -> Double) {
    self.error = error
    self.transform = transform
  }

  mutating func add(_ batch: JudgedBatch) {
    for (output, target) in zip(batch.outputs, batch.targets) { sum += error(output - target) }
    count += batch.outputs.count
  }

  var value: Double { transform(count == 0 ? 0 : sum / Double(count)) }
}
