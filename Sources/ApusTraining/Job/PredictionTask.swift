import ApusData

/// What a network is to predict: decides its outputs, the usual loss and the metrics.
public enum PredictionTask: String, Sendable, Hashable, Codable, CaseIterable {
  /// One of several classes: one logit for each, softmax cross-entropy, class labels as targets.
  case classification
  /// One of two classes by one logit: binary cross-entropy on logits, labels 0 and 1 as targets, class 1 is the positive
  /// one.
  case binary
  /// Numbers: one output for each, squared error, targets `[N, outputs]`.
  case regression

  /// The task that a data set's targets ask for.
  public static func usual(for data: Dataset) -> PredictionTask { data.classCount > 0 ? .classification : .regression }

  /// The number of the network's outputs for such data.
  public func outputCount(for data: Dataset) -> Int {
    switch self {
    case .classification: data.classCount > 0 ? data.classCount : data.targets.shape.dropFirst().reduce(1, *)
    case .binary: 1
    case .regression: data.targets.shape.dropFirst().reduce(1, *)
    }
  }
}
