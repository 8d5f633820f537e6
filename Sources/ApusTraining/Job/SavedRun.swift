import ApusData
import ApusFormats
import ApusModels
import ApusNN
import ApusTensor

/// A run that was saved: its model with its weights, ready for use.
public struct SavedRun {
  /// The folder.
  public let folder: RunFolder
  /// What the run was asked for.
  public let configuration: RunConfiguration
  /// The model with its weights.
  public let model: any Layer
  /// The file the weights are from.
  public let weights: String

  /// Reads a run: the result, or of a training that is not finished its best or last weights.
  ///
  /// - Throws: ``TrainingError``, `FormatError` or `RestoreError` when there is no run or a file is damaged.
  public init(_ path: String) throws {
    folder = RunFolder(path)
    configuration = try RunConfiguration.read(folder)
    try Self.checkVocabularies(configuration, folder)
    model = try Self.untrained(configuration, folder)
    if folder.holdsModel {
      weights = folder.model
      try model.load(from: weights)
      return
    }
    guard folder.holdsCheckpoint else {
      let command = configuration.transfer == nil ? "train" : "finetune"
      throw TrainingError(path, "the run holds no weights yet", advice: "go on with apus \(command) ... --resume")
    }
    let checkpoint = try Checkpoint(contentsOf: folder.last)
    let best = checkpoint.position.stopping.bestEpoch
    if best > 0 {
      weights = folder.best(best)
      try model.load(from: weights)
    } else {
      weights = folder.last
      try checkpoint.restoreResult(model)
    }
  }

  /// The model of a run, before it gets its weights.
  ///
  /// - Throws: `ModelCatalog.Failure`, ``TrainingError`` or `FormatError` when it cannot be made.
  public static func untrained(_ configuration: RunConfiguration, _ folder: RunFolder) throws -> any Layer {
    if let transfer = configuration.transfer { return try transfer.network(in: folder, configuration.model) }
    return try configuration.model.make(seed: configuration.seed)
  }

  /// Whether the folder holds a run.
  public static func exists(_ path: String) -> Bool { RunFolder(path).holdsRun }

  /// Judges the run on a data set; nil means the one it was trained on.
  ///
  /// The test part is used; of data without one the validation part, else all there is.
  ///
  /// - Parameters:
  ///   - metrics: names of the metrics to compute; nil for all that fit the task.
  ///   - search: how a run that translates finds its translations; nil takes the likeliest symbol at every step.
  /// - Throws: `DataError`, `FormatError`, ``TrainingError`` when the data cannot be read or do not fit, or there is no
  ///   metric of a name.
  public func evaluate(
    on name: String?, metrics: [String]? = nil, search: BeamSearch? = nil
  ) throws -> EvaluationReport {
    let translates = model is Translator
    guard translates || search == nil else {
      throw TrainingError("--beam or --length-penalty", "is for runs that translate", advice: "leave it out")
    }
    let asked = metrics?.filter { translates && Self.translationMetrics.contains($0) }
    let metrics = try metrics?.filter { asked?.contains($0) != true }.map { try Metric.named($0) }
    let part = try part(on: name)
    let judged = try ApusTraining.evaluate(
      model, on: part.samples, loss: loss, task: task,
      metrics: metrics ?? Metric.all(for: task, classCount: part.samples.classCount),
      normalization: configuration.normalization, batchSize: configuration.model.streams ?? 256, unscaling: unscaling)
    var values = judged.values
    if translates, asked?.isEmpty != true {
      let found = try judgedTranslations(on: name, by: search ?? BeamSearch())
      for metric in found where asked?.contains(metric.name) != false { values[metric.name] = metric.value }
    }
    return EvaluationReport(
      run: folder.path, data: part.data, part: part.name, samples: part.samples.count,
      testAccuracy: judged.accuracy, testLoss: judged.loss, metrics: values,
      confusionMatrix: judged.confusion?.counts, perClass: judged.confusion?.perClass ?? [])
  }

  /// What the run's outputs mean.
  public var task: PredictionTask { configuration.objective.task }
  /// What judges them.
  public var loss: LossFunction { configuration.objective.loss.make() }
  /// From the outputs of a regression to its numbers.
  public var unscaling: ((HostArray) -> HostArray)? { configuration.preparation.targetScaling.map { $0.inverted } }

  /// The part of some data that judges the run, prepared as the run's but for the normalization; nil means the data it was
  /// trained on.
  ///
  /// The test part is used; of data without one the validation part, else all there is.
  ///
  /// - Throws: `DataError`, `FormatError` or ``TrainingError`` when the data cannot be read or do not fit.
  public func part(on name: String?) throws -> RunPart {
    var options = configuration.dataOptions
    let isOwn = name == nil || name == configuration.data
    if !isOwn { options.testSplit = 0 }
    let data = try options.load(
      name ?? configuration.data, validationSplit: isOwn ? configuration.validationSplit : 0,
      seed: configuration.splitSeed ?? configuration.seed, fitted: configuration.preparation)
    let part = RunPart(data)
    guard part.samples.classCount == configuration.classNames.count else {
      let (has, needs) = (part.samples.classCount, configuration.classNames.count)
      throw TrainingError(
        data.name, has == 0 ? "has no classes, the run \(needs)" : "has \(has) classes, the run \(needs)",
        advice: "give data with the run's classes")
    }
    return part
  }

  /// Names pictures; of a run of sounds WAV files; of a run of texts with classes the texts themselves.
  ///
  /// Pictures of other sizes than the model's are brought to it as `Pictures.read(from:as:)` does, which is how those of
  /// an image folder were for the training.
  ///
  /// - Throws: `DataError` or `FormatError` when a file is no picture or sound, ``TrainingError`` when the run does not name
  ///   any.
  public func predict(_ paths: [String], top: Int) throws -> PredictionReport {
    guard task != .segmentation else {
      throw TrainingError(
        "--output", "is missing: the run gives a mask for each picture", advice: "name a folder for the masks")
    }
    if let vocabulary = configuration.preparation.vocabulary, task != .sequence {
      return try classify(paths, vocabulary, top: top)
    }
    let samples = try configuration.preparation.sound.map { try sounds(paths, as: $0, top: top) }
    let predictions = try zip(paths, samples ?? pictures(paths, top: top)).map { path, sample in
      let input = configuration.normalization.applied(to: sample)
      let outputs = withInference { model(Tensor(input)) }.hostArray()
      return PredictionReport.Picture(
        image: path, top: PredictionReport.guesses(outputs, configuration.classNames, task: task, top: top))
    }
    return PredictionReport(run: folder.path, predictions: predictions)
  }

  /// Sounds as batches of one, before the normalization.
  private func sounds(_ paths: [String], as form: SoundForm, top: Int) throws -> [HostArray] {
    guard top >= 1 else { throw TrainingError.impossible("--top", top, "a whole number of at least 1") }
    return try paths.map { Self.batch(try form.sequence(contentsOf: $0)) }
  }

  /// Pictures as batches of one, before the normalization.
  func pictures(_ paths: [String], top: Int) throws -> [HostArray] {
    let form = try pictureForm()
    guard task != .regression else {
      throw TrainingError(folder.path, "the run predicts numbers, not classes", advice: "use apus infer with an array")
    }
    guard top >= 1 else { throw TrainingError.impossible("--top", top, "a whole number of at least 1") }
    return try paths.map { Self.batch(try Pictures.read(from: $0, as: form)) }
  }

  /// What pictures are brought to for the model.
  func pictureForm() throws -> PictureForm {
    let shape = configuration.model.inputShape
    guard configuration.preparation.vocabulary == nil else {
      throw TrainingError(
        folder.path, "the run is a model of texts, not of pictures",
        advice: "use apus score, apus generate or apus translate")
    }
    guard shape.count == 3, shape[0] == 1 || shape[0] == 3 else {
      throw TrainingError(
        folder.path, "the model takes samples of shape \(shape), not pictures", advice: "use apus infer with an array")
    }
    return try PictureForm(
      channels: shape[0], height: shape[1], width: shape[2], masks: configuration.preparation.form?.masks)
  }

  /// A batch of one.
  static func batch(_ sample: HostArray) -> HostArray {
    HostArray(type: TensorType(Shape([1] + Array(sample.shape)), sample.dtype), storage: sample.storage)
  }
}

/// The samples that judge a run.
public struct RunPart: Sendable {
  /// The name of the data.
  public let data: String
  /// `test`, `validation` or `train`.
  public let name: String
  /// Whether they were set aside from the samples a network learns from, as a seed decided.
  public let isSetAside: Bool
  /// The samples, prepared but for the normalization.
  public let samples: Dataset

  /// The part of some data that judges: the test part, else the validation part, else all there is.
  init(_ prepared: PreparedData) {
    data = prepared.name
    if let test = prepared.test {
      (name, isSetAside, samples) = ("test", prepared.setsTestAside, test)
    } else if let validation = prepared.validation {
      (name, isSetAside, samples) = ("validation", prepared.setsValidationAside, validation)
    } else {
      (name, isSetAside, samples) = ("train", false, prepared.train)
    }
  }
}

/// How well a run does, as `apus evaluate --json` prints it.
public struct EvaluationReport: Sendable, Hashable, Encodable {
  /// The folder of the run.
  public let run: String
  /// The data set.
  public let data: String
  /// The part that was used: test, validation or train.
  public let part: String
  /// Samples judged.
  public let samples: Int
  /// The fraction classified rightly; nil in regression.
  public let testAccuracy: Double?
  /// The mean loss.
  public let testLoss: Double
  /// The metrics by name.
  public let metrics: [String: Double]
  /// Rows actual, columns predicted; nil in regression.
  public let confusionMatrix: [[Int]]?
  /// Precision, recall and F1 of every class.
  public let perClass: [ConfusionMatrix.ClassReport]
}

/// What pictures were taken for, as `apus predict --json` prints it.
public struct PredictionReport: Sendable, Hashable, Encodable {
  /// A class and how sure the model is of it.
  public struct Guess: Sendable, Hashable, Encodable {
    /// The name of the class.
    public let `class`: String
    /// Between 0 and 1.
    public let probability: Double
  }

  /// A picture and its likeliest classes.
  public struct Picture: Sendable, Hashable, Encodable {
    /// The file.
    public let image: String
    /// The likeliest classes, best first.
    public let top: [Guess]
  }

  /// The folder of the run.
  public let run: String
  /// One entry for every picture.
  public let predictions: [Picture]

  /// The likeliest classes of one row of logits, best first.
  static func guesses(_ outputs: HostArray, _ classNames: [String], task: PredictionTask, top: Int) -> [Guess] {
    let probabilities = Predictions.probabilities(outputs.scalars(as: Double.self), task)
    let ranked = zip(classNames, probabilities).enumerated().sorted {
      ($1.element.1, $0.offset) < ($0.element.1, $1.offset)
    }
    return ranked.prefix(top).map { Guess(class: $0.element.0, probability: $0.element.1) }
  }
}
