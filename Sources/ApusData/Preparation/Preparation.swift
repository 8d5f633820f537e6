import ApusTensor

/// Everything between a file and a network that was fitted to the training part: saved with the run, so that later data
/// take the same way.
public struct Preparation: Codable, Sendable, Hashable {
  /// What the columns of a CSV file mean; nil for other data.
  public let schema: TableSchema?
  /// What pictures in files are brought to; nil for other data.
  public let form: PictureForm?
  /// What sounds in files are brought to; nil for other data.
  public let sound: SoundForm?
  /// The numbers of a text's symbols, of pairs of texts of the sources'; nil for other data.
  public let vocabulary: Vocabulary?
  /// The numbers of the symbols of the targets of pairs of texts; nil for other data.
  public let targetVocabulary: Vocabulary?
  /// Values for the gaps of a table; nil where gaps are not filled.
  public let imputation: Imputation?
  /// Applied to inputs while batches are made.
  public private(set) var normalization: Normalization
  /// Applied to targets; nil for classes, or targets left as they are.
  public let targetScaling: TargetScaling?
  private enum CodingKeys: String, CodingKey {
    case schema, form, sound, vocabulary, imputation, normalization
    case targetScaling = "target_scaling"
    case targetVocabulary = "target_vocabulary"
  }

  /// Fits a preparation to the training part.
  ///
  /// - Parameters:
  ///   - schema: what the columns of a CSV file mean, from ``LoadedData/schema``.
  ///   - form: what pictures in files are brought to, from ``LoadedData/form``.
  ///   - sound: what sounds in files are brought to, from ``LoadedData/sound``; each band is normalised on its own.
  ///   - method: how inputs are normalised.
  ///   - grouping: which elements of a sample share the statistics; nil chooses by its rank.
  ///   - targetMethod: how the targets of a regression are scaled.
  /// - Throws: ``DataError`` when a value is not finite, or a column has no values.
  public init(
    fitting training: Dataset, schema: TableSchema? = nil, form: PictureForm? = nil, sound: SoundForm? = nil,
    by method: NormalizationMethod = .standard, grouping: Normalization.Grouping? = nil,
    targetsBy targetMethod: NormalizationMethod = .standard
  ) throws {
    self.schema = schema
    (self.form, self.sound) = (form, sound)
    (vocabulary, targetVocabulary) = (nil, nil)
    var filled = training
    if let schema, schema.missing.fills {
      let imputation = try Imputation(fitting: training, policy: schema.missing)
      filled = training.replacing(inputs: imputation.applied(to: training.inputs))
      self.imputation = imputation
    } else {
      imputation = nil
    }
    normalization = try Normalization(
      fitting: filled, by: method, grouping: grouping ?? (sound == nil ? nil : .features))
    targetScaling = training.classCount > 0 ? nil : try TargetScaling(fitting: training, by: targetMethod)
  }

  /// The preparation of a text, or of pairs of texts: their symbols become numbers.
  public init(vocabulary: Vocabulary, targets: Vocabulary? = nil) {
    (schema, form, sound, imputation, targetScaling) = (nil, nil, nil, nil, nil)
    (self.vocabulary, targetVocabulary) = (vocabulary, targets)
    normalization = .ofSymbols
  }

  /// The same with another normalization, such as the one a published network was trained with.
  public func normalizing(by normalization: Normalization) -> Preparation {
    var changed = self
    changed.normalization = normalization
    return changed
  }

  /// Whether samples have the shape, and a regression's targets the outputs, that it was fitted to.
  public func fits(_ data: Dataset) -> Bool {
    let outputs = data.targetType.shape.dropFirst().reduce(1, *)
    let fitsGaps = imputation.map { $0.values.count == data.sampleShape.elementCount && data.sampleShape.rank == 1 }
    return normalization.fits(data.sampleShape) && fitsGaps ?? true
      && targetScaling.map { data.classCount == 0 && $0.shift.count == outputs } ?? true
  }

  /// A part of the data as a network takes it, but for the normalization, which batches apply: gaps filled, targets
  /// scaled.
  ///
  /// - Precondition: samples of the shape it was fitted to.
  public func applied(to data: Dataset) -> Dataset {
    data.replacing(
      inputs: imputation?.applied(to: data.inputs), targets: targetScaling?.applied(to: data.targets))
  }

  /// The inputs of samples whose targets are not known, gaps filled and normalised: f32 `[N, ...]`.
  ///
  /// - Precondition: samples of the shape it was fitted to.
  public func inputs(_ raw: HostArray) -> HostArray {
    normalization.applied(to: imputation?.applied(to: raw) ?? raw)
  }
}
