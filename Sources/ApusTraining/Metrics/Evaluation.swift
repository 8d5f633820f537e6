/// How well a network does on some data.
public struct Evaluation: Sendable, Hashable {
  /// The mean loss.
  public var loss: Double
  /// The metrics that were asked for, in that order.
  public var metrics: [MetricValue] = []
  /// Which classes were taken for which; nil when the targets are not classes.
  public var confusion: ConfusionMatrix?
  /// Samples judged.
  public var count: Int

  /// The value of a metric by its name; nil when it was not asked for.
  public subscript(name: String) -> Double? { metrics.first { $0.name == name }?.value }

  /// The fraction of samples classified rightly; nil when the targets are not classes.
  public var accuracy: Double? { confusion?.accuracy }

  /// The metrics by name.
  public var values: [String: Double] {
    Dictionary(metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
  }
}

extension Evaluation: CustomStringConvertible {
  /// `loss 0.2871, accuracy 89.91 %, f1 0.8987 of 10000 samples`.
  public var description: String {
    let rate = accuracy.map { ["accuracy \(Rounding.text($0 * 100, 2)) %"] } ?? []
    let others = metrics.filter { $0.name != "accuracy" }.map { "\($0.name) \(Rounding.text($0.value, 4))" }
    return (["loss \(Rounding.text(loss, 4))"] + rate + others).joined(separator: ", ") + " of \(count) samples"
  }
}
