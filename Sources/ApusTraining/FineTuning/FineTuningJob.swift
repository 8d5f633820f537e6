import ApusData
import ApusFormats
import ApusModels
import ApusNN
import ApusONNX
import ApusTensor

/// A fine-tuning from a request to a report: everything `apus finetune` does.
///
/// Making a job checks the request and reads network and data; nothing is written before ``run(progress:)``. Each stage is a
/// training of its own with a new optimizer; it goes on from the best weights of the one before. What frozen layers make of
/// the samples is computed once for a stage.
public struct FineTuningJob {
  static let suffix = "-finetuned"
  /// Features are kept where they take no more bytes.
  static let mostFeatureBytes = 2 << 30

  /// What the run is asked for, once its data are known.
  public let configuration: RunConfiguration
  /// The folder of the run.
  public let run: RunFolder
  /// Whether the folder holds stages to go on from.
  public let isResuming: Bool
  /// What is wrong with the files of the data that were left out, a sentence for each.
  public let skipped: [DataError]
  /// The network with the weights it begins with.
  public let network: TransferNetwork
  let source: TransferSource
  let transfer: TransferConfiguration
  let request: FineTuningRequest
  let metrics: [Metric]?
  let train: Dataset
  let validation: Dataset?
  let test: Dataset?

  /// Checks a request and reads what it names.
  ///
  /// - Throws: ``TrainingError``, `DataError`, `FormatError` or `RestoreError`, each one sentence.
  public init(_ request: FineTuningRequest) throws {
    try request.validate()
    (self.request, metrics) = (request, try request.recording.chosenMetrics())
    _ = try request.recording.hooks(RunFolder(""))
    source = try TransferSource(request.source, weights: request.weights, options: request.modelOptions)
    run = try Self.folder(request, source)
    isResuming = request.resume && run.holdsRun
    let optimization = try OptimizationConfiguration(request.optimization)
    var dataOptions = request.dataOptions ?? .usual
    if dataOptions.images?.height == nil, DataCatalog.holdsPictures(request.data), let shape = source.sampleShape,
      shape.count == 3, [1, 3].contains(shape[0])
    {
      dataOptions.images = try ImageOptions(
        height: shape[1], width: shape[2], channels: shape[0], bad: dataOptions.images?.bad ?? .refuse)
    }
    let (seed, split) = (request.seed ?? 0, request.validationSplit ?? 0.1)
    let data = try dataOptions.load(request.data, validationSplit: split, seed: seed)
    (train, validation, test, skipped) = (data.train, data.validation, data.test, data.skipped)
    if request.patience != nil, validation == nil {
      throw TrainingError(
        "--early-stopping", "needs a validation part and there is none",
        advice: "set a part aside, such as --validation-split 0.1")
    }
    let objective = try request.objective.configuration(for: train, earlier: nil)
    guard [.classification, .binary, .regression].contains(objective.task), train.symbolCount == 0 else {
      throw TrainingError(
        data.name, "asks for \(objective.task.rawValue), which a new head cannot do",
        advice: "give samples with one class or some numbers each")
    }
    let sampleShape = Array(train.sampleShape)
    if let own = source.sampleShape, own != sampleShape {
      throw TrainingError(
        data.name, "its samples of shape \(sampleShape) are not those of \(source.name), \(own)",
        advice: "give data of that shape; pictures in a folder are resized")
    }
    transfer = TransferConfiguration(
      source: request.source, keep: request.keep, hidden: request.hidden, dropout: request.dropout,
      stages: request.stages, rateDivisor: request.rateDivisor, cachesFeatures: request.cachesFeatures,
      trainsStatistics: request.trainsStatistics)
    let outputs = objective.task.outputCount(for: train)
    let (model, keep) = (source.model, transfer.keep)
    var network = try withRandomSeed(seed) {
      try TransferNetwork(
        model, sampleShape: sampleShape, keeping: keep, outputs: outputs, hidden: request.hidden,
        dropout: request.dropout)
    }
    network.trainsStatistics = transfer.trainsStatistics
    self.network = network
    for (number, stage) in transfer.stages.enumerated() {
      _ = try stage.frozen.count(in: network.layerNames, number == 0 ? "--freeze" : "--unfreeze")
    }
    let normalization = try source.normalization(for: train, fitted: data.preparation.normalization)
    configuration = RunConfiguration(
      model: ModelConfiguration(
        name: source.name + Self.suffix, inputShape: sampleShape, classes: outputs),
      data: request.data, classNames: train.classNames, dataOptions: dataOptions,
      preparation: data.preparation.normalizing(by: normalization), objective: objective,
      optimization: optimization,
      epochs: transfer.stages.reduce(0) { $0 + $1.epochs },
      batchSize: request.batchSize ?? FineTuningRequest.usualBatchSize, seed: seed, validationSplit: split,
      patience: request.patience, shuffle: request.shuffle, adversarial: request.adversarial, transfer: transfer)
    if isResuming, try RunConfiguration.read(run) != configuration {
      throw TrainingError(
        "--resume", "the run in \(run.path) was begun with other options or data",
        advice: "give the same ones, or choose another --output")
    }
  }

  private static func folder(_ request: FineTuningRequest, _ source: TransferSource) throws -> RunFolder {
    guard let output = request.output else {
      guard !request.resume else {
        throw TrainingError("--resume", "does not say which run to go on with", advice: "add --output with its folder")
      }
      return RunFolder.unused(model: source.name + suffix, data: request.data)
    }
    guard !output.isEmpty else { throw TrainingError("--output", "is empty", advice: "name a folder") }
    let run = RunFolder(output)
    guard request.resume || !run.holdsRun && !run.holdsCheckpoint else {
      throw TrainingError(
        output, "the folder holds a run already", advice: "add --resume to go on with it, or choose another --output")
    }
    return run
  }

  /// Samples that are trained on, set aside for validation, and for the test.
  public var sampleCounts: (train: Int, validation: Int, test: Int) {
    (train.count, validation?.count ?? 0, test?.count ?? 0)
  }

  /// Trains stage by stage, and judges the result on the test part.
  ///
  /// - Parameter progress: a reporter for each stage, given what is to be said first.
  /// - Throws: as `Trainer.fit`.
  public func run(progress: (String) -> ProgressReporter?) throws -> FineTuningReport {
    var training = FineTuningStages(self)
    try training.check()
    try run.create()
    let lock = try run.lock()
    defer { withExtendedLifetime(lock) {} }
    if !isResuming {
      try ONNXModel.write(source.model, sampleShape: configuration.model.inputShape, to: run.source)
      try configuration.write(to: run)
    }
    for number in transfer.stages.indices { try training.run(number, progress) }
    let network = training.network
    let judged = try test.map { part in
      try evaluate(
        network, on: part, loss: configuration.objective.loss.make(), task: configuration.objective.task,
        metrics: metrics,
        normalization: configuration.normalization,
        unscaling: configuration.preparation.targetScaling.map { $0.inverted })
    }
    let report = training.report(judged)
    try AtomicFile.write(JSON.report(report.training) + "\n", to: run.result)
    return report
  }
}
