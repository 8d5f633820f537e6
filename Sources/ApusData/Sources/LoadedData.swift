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
  /// What pictures in files are brought to; nil for other data.
  public let form: PictureForm?
  /// What sounds in files are brought to; nil for other data.
  public let sound: SoundForm?
  /// What is wrong with the files that were left out, a sentence for each.
  public let skipped: [DataError]

  /// Parts that belong together.
  ///
  /// - Throws: ``DataError`` when samples differ in shape or type or the classes differ.
  public init(
    name: String, train: Dataset, validation: Dataset? = nil, test: Dataset? = nil, schema: TableSchema? = nil,
    form: PictureForm? = nil, sound: SoundForm? = nil, skipped: [DataError] = []
  ) throws {
    for part in [validation, test].compactMap({ $0 }) {
      guard part.sampleShape == train.sampleShape, part.inputType.dtype == train.inputType.dtype else {
        throw DataError(
          place: name,
          problem: "samples of '\(part.name)' are \(part.inputType.dtype)\(part.sampleShape), those of '\(train.name)' "
            + "\(train.inputType.dtype)\(train.sampleShape)", advice: "give all parts the same shape and element type")
      }
      guard part.classNames == train.classNames else {
        throw DataError(
          place: name, problem: "'\(part.name)' has other classes than '\(train.name)'",
          advice: "give all parts the same classes")
      }
    }
    let outputs = Array(train.targetType.shape.dropFirst())
    for part in [validation, test].compactMap({ $0 }) where Array(part.targetType.shape.dropFirst()) != outputs {
      throw DataError(
        place: name,
        problem: "targets of '\(part.name)' are \(part.targetType.shape), those of '\(train.name)' "
          + "\(train.targetType.shape)", advice: "give all parts the same targets")
    }
    self.name = name
    self.train = train
    self.validation = validation
    self.test = test
    self.schema = schema
    (self.form, self.sound) = (form, sound)
    self.skipped = skipped
  }
}
