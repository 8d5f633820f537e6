import ApusData
import ApusTensor

/// What a data set holds, as `apus data show --json` prints it.
public struct DataSummary: Sendable, Hashable, Encodable {
  /// A class and how many training samples are of it.
  public struct ClassCount: Sendable, Hashable, Encodable {
    /// Its name.
    public let name: String
    /// Training samples of it; where pixels have classes, pixels.
    public let count: Int
  }

  /// A column of the training part and its values, gaps filled.
  public struct Column: Sendable, Hashable, Encodable {
    /// Its name; `column=category` for categories.
    public let name: String
    /// The smallest value.
    public let lowest: Double
    /// The mean.
    public let mean: Double
    /// The largest value.
    public let highest: Double
  }

  /// The data set's name or path.
  public let data: String
  /// Classification or regression.
  public let kind: TargetKind
  /// Samples that a network learns from.
  public let train: Int
  /// Samples of a validation part.
  public let validation: Int
  /// Samples of a test part.
  public let test: Int
  /// The shape of a sample.
  public let sampleShape: [Int]
  /// The type of a sample's values.
  public let elementType: String
  /// What is wrong with the files that were left out, a sentence for each.
  public let skipped: [String]
  /// The classes; empty for regression.
  public let classes: [ClassCount]
  /// The columns to predict from; empty when samples are no rows of a table.
  public let inputs: [Column]
  /// The columns to predict; empty for classification.
  public let targets: [Column]

  /// What a data set holds.
  ///
  /// - Throws: `DataError` or `FormatError` when a mask in a file can no longer be read.
  public init(_ data: PreparedData) throws {
    let train = data.train
    self.data = data.name
    kind = train.classCount > 0 ? .classification : .regression
    self.train = train.count
    validation = data.validation?.count ?? 0
    test = data.test?.count ?? 0
    sampleShape = Array(train.sampleShape)
    elementType = "\(train.inputType.dtype)"
    skipped = data.skipped.map(\.description)
    let counts = train.hasPixelLabels ? try Self.pixelCounts(train) : train.classCounts
    classes = zip(train.classNames, counts).map { ClassCount(name: $0, count: $1) }
    let schema = data.preparation.schema
    inputs = schema.map { Self.columns(train.inputs, $0.inputNames) } ?? []
    let scaling = data.preparation.targetScaling
    let outputs = train.targetType.shape.dropFirst().reduce(1, *)
    let names = schema?.targets.map(\.name) ?? (1...max(outputs, 1)).map { "target \($0)" }
    targets = kind == .regression ? Self.columns(scaling?.inverted(train.targets) ?? train.targets, names) : []
  }

  private static func pixelCounts(_ data: Dataset) throws -> [Int] {
    var counts = [Int](repeating: 0, count: data.classCount)
    let batches = data.batches(of: 16, shuffle: false)
    for batch in batches {
      for label in batch.targets.scalars(as: Int32.self) where label != Dataset.ignoredLabel { counts[Int(label)] += 1 }
    }
    try batches.check()
    return counts
  }

  private static func columns(_ array: HostArray, _ names: [String]) -> [Column] {
    let values = array.scalars(as: Double.self)
    return names.enumerated().map { index, name in
      let column = stride(from: index, to: values.count, by: names.count).map { values[$0] }
      return Column(
        name: name, lowest: column.min() ?? 0, mean: column.reduce(0) { $0 + $1 / Double(column.count) },
        highest: column.max() ?? 0)
    }
  }
}
