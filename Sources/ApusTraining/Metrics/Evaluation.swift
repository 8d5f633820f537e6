/// How well a network does on some data.
public struct Evaluation: Sendable, Hashable {
  /// The mean loss.
  public var loss: Double
  /// Which classes were taken for which; nil when the targets are not classes.
  public var confusion: ConfusionMatrix?
  /// Samples judged.
  public var count: Int

  /// The fraction of samples classified rightly; nil when the targets are not classes.
  public var accuracy: Double? { confusion?.accuracy }
}

extension Evaluation: CustomStringConvertible {
  /// `loss 0.2871, accuracy 89.91 % of 10000 samples`.
  public var description: String {
    let rate = accuracy.map { ", accuracy \(Rounding.text($0 * 100, 2)) %" } ?? ""
    return "loss \(Rounding.text(loss, 4))\(rate) of \(count) samples"
  }
}
