/// How often samples of each class were taken for each class.
public struct ConfusionMatrix: Sendable, Hashable {
  /// Names of the classes.
  public let classNames: [String]
  /// Counts: a row for every actual class, a column for every predicted one.
  public private(set) var counts: [[Int]]

  /// An empty matrix.
  public init(classNames: [String]) {
    self.classNames = classNames
    counts = Array(repeating: Array(repeating: 0, count: classNames.count), count: classNames.count)
  }

  /// A matrix of known counts.
  ///
  /// - Precondition: as many rows and columns as names.
  public init(classNames: [String], counts: [[Int]]) {
    precondition(
      counts.count == classNames.count && counts.allSatisfy { $0.count == classNames.count },
      "a confusion matrix has a row and a column for each of its \(classNames.count) classes")
    self.classNames = classNames
    self.counts = counts
  }

  /// Counts one sample; a prediction outside the classes counts nowhere.
  public mutating func add(actual: Int, predicted: Int) {
    guard counts.indices.contains(actual), counts.indices.contains(predicted) else { return }
    counts[actual][predicted] += 1
  }

  /// Samples counted.
  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The fraction of samples on the diagonal; 0 without samples.
  public var accuracy: Double {
    let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    return total == 0 ? 0 : Double(right) / Double(total)
  }

  /// What can be said about one class.
  public struct ClassReport: Sendable, Hashable, Codable {
    /// Its name.
    public let name: String
    /// Of the samples taken for this class, the fraction that are of it; 0 when none was.
    public let precision: Double
    /// Of the samples of this class, the fraction taken for it; 0 when there are none.
    public let recall: Double
    /// The harmonic mean of precision and recall; 0 when both are.
    public let f1: Double
    /// Intersection over union: those rightly taken for the class, divided by all that are of it or were taken for it.
    public let iou: Double
    /// Samples of this class; of a segmentation pixels.
    public let samples: Int
  }

  /// Precision, recall and F1 of every class.
  public var perClass: [ClassReport] {
    zip(classNames, classes).map { name, counts in
      ClassReport(
        name: name, precision: counts.precision, recall: counts.recall, f1: counts.f1,
        iou: counts.intersectionOverUnion, samples: counts.actual)
    }
  }
}

extension ConfusionMatrix: CustomStringConvertible {
  /// A table: actual classes down, predicted classes across.
  public var description: String {
    let cells = counts.map { $0.map(String.init) }
    let nameWidth = max(classNames.map(\.count).max() ?? 0, 6)
    let header = classNames.map { String($0.prefix(8)) }
    let widths = header.indices.map { column in
      max(header[column].count, cells.map { $0[column].count }.max() ?? 0)
    }
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(width - text.count, 0)) + text
    }
    func line(_ name: String, _ texts: [String]) -> String {
      padded(name, nameWidth) + "  " + zip(texts, widths).map { padded($0, $1) }.joined(separator: " ")
    }
    let rows = classNames.indices.map { line(classNames[$0], cells[$0]) }
    return ([line("actual", header)] + rows).joined(separator: "\n")
  }
}
