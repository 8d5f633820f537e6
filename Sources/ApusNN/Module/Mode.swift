/// Whether layers that behave differently in training and in use (dropout, batch normalisation) train or not.
///
/// The mode belongs to the running task, not to a layer. It is inference unless something says otherwise;
/// ``valueWithGradient(of:_:)`` trains.
public enum Mode {
  /// Whether the current task trains.
  @TaskLocal public static var isTraining = false
}

/// Runs `body` with layers behaving as in training.
///
/// ```swift
/// let noisy = withTraining { Dropout(0.5)(x) }
/// ```
public func withTraining<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Mode.$isTraining.withValue(true) { try body() }
}

/// Runs `body` with layers behaving as in use: no dropout, running statistics.
///
/// ```swift
/// // The gradient of the trained network's loss, as an adversarial example needs it.
/// let slope = valueWithGradient(of: model) { withInference { crossEntropy(model(x), labels) } }
/// ```
public func withInference<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Mode.$isTraining.withValue(false) { try body() }
}
