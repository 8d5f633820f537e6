/// How precision, recall and F1 of the classes become one number, under scikit-learn's names.
public enum ClassAveraging: String, Sendable, Hashable, Codable, CaseIterable {
  /// The number of class 1, the positive one; for two classes.
  case positive
  /// The mean over the classes that occur among the labels or the predictions.
  case macro
  /// Of the counts of all classes together; where every sample has one class, this is the accuracy.
  case micro
  /// The mean over the classes, each weighted by how many samples are of it.
  case weighted

  /// The name of a metric averaged so: `f1_macro`.
  func name(_ metric: String) -> String { metric + "_" + rawValue }

  /// The tasks it can be used for.
  var tasks: [PredictionTask] { self == .positive ? [.binary] : [.classification, .binary, .segmentation] }
}

/// What is counted of a class, or of all classes together.
struct ClassCounts {
  /// Samples of the class that were taken for it.
  var right = 0
  /// Samples taken for the class.
  var predicted = 0
  /// Samples of the class.
  var actual = 0

  /// `right / predicted`; 0 when there is none.
  var precision: Double { predicted == 0 ? 0 : Double(right) / Double(predicted) }
  /// `right / actual`; 0 when there is none.
  var recall: Double { actual == 0 ? 0 : Double(right) / Double(actual) }
  /// `right / (predicted + actual - right)`, the Jaccard index; 0 when there is none.
  var intersectionOverUnion: Double {
    predicted + actual == 0 ? 0 : Double(right) / Double(predicted + actual - right)
  }
  /// The harmonic mean of precision and recall, `2 right / (predicted + actual)`; 0 when there is none.
  var f1: Double { predicted + actual == 0 ? 0 : 2 * Double(right) / Double(predicted + actual) }
}

extension ConfusionMatrix {
  /// What is counted of every class.
  var classes: [ClassCounts] {
    counts.indices.map { number in
      ClassCounts(
        right: counts[number][number], predicted: counts.reduce(0) { $0 + $1[number] },
        actual: counts[number].reduce(0, +))
    }
  }

  /// One number from those of the classes.
  func average(_ averaging: ClassAveraging, _ score: (ClassCounts) -> Double) -> Double {
    let classes = classes
    switch averaging {
    case .positive: return classes.count > 1 ? score(classes[1]) : 0
    case .macro:
      let occurring = classes.filter { $0.predicted + $0.actual > 0 }
      return occurring.isEmpty ? 0 : occurring.reduce(0) { $0 + score($1) } / Double(occurring.count)
    case .micro:
      return score(
        classes.reduce(into: ClassCounts()) {
          $0.right += $1.right
          $0.predicted += $1.predicted
          $0.actual += $1.actual
        })
    case .weighted:
      let all = classes.reduce(0) { $0 + $1.actual }
      return all == 0 ? 0 : classes.reduce(0) { $0 + score($1) * Double($1.actual) } / Double(all)
    }
  }
}

/// A metric that the confusion matrix tells.
struct ConfusionMetric: StreamingMetric {
  private var matrix = ConfusionMatrix(classNames: [])
  private let score: @Sendable (ConfusionMatrix) -> Double

  init(_ score: @escaping @Sendable (ConfusionMatrix) -> Double) { self.score = score }

  mutating func add(_ batch: JudgedBatch) { matrix.add(batch) }

  var value: Double { score(matrix) }
}

extension ConfusionMatrix {
  /// Counts the samples of a batch; a matrix without classes takes those of the batch.
  mutating func add(_ batch: JudgedBatch) {
    if counts.isEmpty { self = ConfusionMatrix(classNames: (0..<batch.classCount).map { "\($0)" }) }
    for (actual, predicted) in zip(batch.labels, batch.predicted) { add(actual: actual, predicted: predicted) }
  }
}

extension Metric {
  /// A metric that the confusion matrix tells.
  static func confusion(
    _ name: String, _ tasks: [PredictionTask] = [.classification, .binary, .segmentation],
    _ score: @escaping @Sendable (ConfusionMatrix) -> Double
  ) -> Metric { Metric(name, for: tasks) { ConfusionMetric(score) } }

  /// The usual average of precision, recall and F1: the positive class of two, else the mean over the classes.
  static func usualAverage(_ name: String, _ score: @escaping @Sendable (ClassCounts) -> Double) -> Metric {
    Metric(name, for: [.classification, .binary, .segmentation]) { UsualAverage(score) }
  }
}

/// ``ClassAveraging/positive`` for binary tasks, ``ClassAveraging/macro`` for more classes.
private struct UsualAverage: StreamingMetric {
  private var matrix = ConfusionMatrix(classNames: [])
  private var averaging = ClassAveraging.macro
  private let score: @Sendable (ClassCounts) -> Double

  init(_ score: @escaping @Sendable (ClassCounts) -> Double) { self.score = score }

  mutating func add(_ batch: JudgedBatch) {
    if batch.task == .binary { averaging = .positive }
    matrix.add(batch)
  }

  var value: Double { matrix.average(averaging, score) }
}
