/// A data set in its parts.
public struct LoadedData: Sendable {
  /// What messages call it.
  public let name: String
  /// The part a network learns from.
  public let train: Dataset
  /// The part that decides when to stop, if the source has one of its own.
  public let validation: Dataset?
  /// The part that judges the result, if the source has one.
  public let test: Dataset?
  /// What the columns of a CSV file mean; nil for other data.
  public let schema: TableSchema?

  /// Parts that belong together.
  ///
  /// - Throws: ``DataError`` when samples differ in shape or type or the classes differ.
  public init(
    name: String, train: Dataset, validation: Dataset? = nil, test: Dataset? = nil, schema: TableSchema? = nil
  ) throws {
    for part in [validation, test].compactMap({ $0 }) {
      guard part.sampleShape == train.sampleShape, part.inputs.dtype == train.inputs.dtype else {
        throw DataError(
          place: name,
          problem: "samples of '\(part.name)' are \(part.inputs.dtype)\(part.sampleShape), those of '\(train.name)' "
            + "\(train.inputs.dtype)\(train.sampleShape)", advice: "give all parts the same shape and element type")
      }
      guard part.classNames == train.classNames else {
        throw DataError(
          place: name, problem: "'\(part.name)' has other classes than '\(train.name)'",
          advice: "give all parts the same classes")
      }
    }
    let outputs = Array(train.targets.shape.dropFirst())
    for part in [validation, test].compactMap({ $0 }) where Array(part.targets.shape.dropFirst()) != outputs {
      throw DataError(
        place: name,
        problem: "targets of '\(part.name)' are \(part.targets.shape), those of '\(train.name)' "
          + "\(train.targets.shape)", advice: "give all parts the same targets")
    }
    self.name = name
    self.train = train
    self.validation = validation
    self.test = test
    self.schema = schema
  }
}
