/// When to stop before the last epoch, and which epoch's weights are the best.
public struct EarlyStopping: Sendable, Hashable, Codable {
  /// What tells epochs apart, on the validation part.
  public enum Monitor: String, Sendable, Hashable, Codable, CaseIterable {
    /// The lowest loss is best.
    case loss
    /// The highest accuracy is best; the loss, where the targets are not classes.
    case accuracy
  }

  /// Epochs without improvement after which training stops; nil never stops early.
  public var patience: Int?
  /// What is compared.
  public var monitor: Monitor

  /// A rule; by default the best epoch is found but nothing stops early.
  public init(patience: Int? = nil, monitor: Monitor = .loss) {
    self.patience = patience
    self.monitor = monitor
  }

  /// The best epoch so far and how long ago it was.
  struct State: Sendable, Hashable, Codable {
    /// Counted from 1; 0 when there is none.
    var bestEpoch = 0
    var bestScore: Double?
    var epochsSince = 0
  }

  /// Takes note of an epoch.
  ///
  /// - Returns: whether it is the best so far; nil without a validation part.
  func note(_ record: EpochRecord, _ state: inout State) -> Bool? {
    guard let loss = record.validationLoss else { return nil }
    let score = monitor == .accuracy ? record.validationAccuracy ?? -loss : -loss
    if !score.isFinite || state.bestScore.map({ score <= $0 }) ?? false {
      state.epochsSince += 1
      return false
    }
    state = State(bestEpoch: record.epoch, bestScore: score)
    return true
  }

  func shouldStop(_ state: State) -> Bool { patience.map { state.epochsSince >= $0 } ?? false }
}
