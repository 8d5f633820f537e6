/// Sums over the batches of an epoch so far.
struct RunningMetrics: Sendable, Hashable, Codable {
  /// The sum of the samples' losses.
  var lossSum = 0.0
  /// Samples classified rightly; nil when the targets are not classes.
  var correct: Int?
  /// Samples seen.
  var count = 0

  mutating func add(_ result: StepResult) {
    lossSum += result.loss * Double(result.count)
    if let more = result.correct { correct = (correct ?? 0) + more }
    count += result.count
  }

  var loss: Double { count == 0 ? 0 : lossSum / Double(count) }
  var accuracy: Double? { correct.map { count == 0 ? 0 : Double($0) / Double(count) } }
}
