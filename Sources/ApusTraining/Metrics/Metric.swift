/// How good predictions are, as one number: a name, what it can judge, and how it is computed batch by batch.
///
/// ```swift
/// let trainer = Trainer(model, loss: crossEntropy, optimizer: Adam(), metrics: [.accuracy, .topK(3), .f1])
/// let metric = try Metric.named("roc_auc")
/// var state = metric.started()
/// state.add(try JudgedBatch(outputs: logits, targets: labels, task: .binary))
/// print(metric.name, state.value)
/// ```
/// A metric of your own is a type that conforms to ``StreamingMetric``:
/// `Metric("zero_one_loss", for: [.classification], isHigherBetter: false) { ZeroOneLoss() }`.
///
/// Where a quotient is not defined because its denominator is 0 (the precision of a class that was never predicted),
/// it counts as 0; the area under a curve that has no positive or no negative samples is not a number.
public struct Metric: Sendable {
  /// What records, reports and ``named(_:)`` call it.
  public let name: String
  /// What it can judge.
  public let tasks: [PredictionTask]
  /// Whether more is better.
  public let isHigherBetter: Bool
  private let make: @Sendable () -> any StreamingMetric

  /// A metric.
  public init(
    _ name: String, for tasks: [PredictionTask], isHigherBetter: Bool = true,
    _ make: @escaping @Sendable () -> any StreamingMetric
  ) {
    self.name = name
    self.tasks = tasks
    self.isHigherBetter = isHigherBetter
    self.make = make
  }

  /// The metric before the first sample.
  public func started() -> any StreamingMetric { make() }
}

extension Metric: Hashable {
  /// Whether two metrics have the same name.
  public static func == (a: Metric, b: Metric) -> Bool { a.name == b.name }
  /// Feeds the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// A metric that has seen some batches.
///
/// Batches may be of any size: the value after several is that of all their samples together.
public protocol StreamingMetric: Sendable {
  /// Takes note of the samples of a batch.
  mutating func add(_ batch: JudgedBatch)
  /// The metric of all samples so far.
  var value: Double { get }
}

/// A metric's value by name.
public struct MetricValue: Sendable, Hashable, Codable {
  /// The metric's name.
  public let name: String
  /// Its value; not a number where it is not defined.
  public let value: Double

  /// A value.
  public init(_ name: String, _ value: Double) {
    self.name = name
    self.value = value
  }
}
