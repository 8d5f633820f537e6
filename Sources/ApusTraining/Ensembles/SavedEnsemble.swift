import ApusData
import ApusNN
import ApusTensor

/// An ensemble that was saved, or runs that are to be averaged: models with their weights, ready for use.
///
/// ```swift
/// let saved = try SavedEnsemble("runs/ensemble-mlp-digits")
/// print(try saved.evaluate(on: nil).accuracy ?? 0)
/// ```
public struct SavedEnsemble {
  /// The folder of the ensemble; nil when runs were given one by one.
  public let path: String?
  /// The members.
  public let runs: [SavedRun]

  /// Reads the ensemble in a folder.
  ///
  /// - Throws: ``TrainingError``, `FormatError` or `RestoreError` when there is none, a file is damaged, or a member is
  ///   not trained yet.
  public init(_ path: String) throws {
    let plan = try EnsembleConfiguration.read(path)
    let folders = (0..<plan.members).map { EnsembleConfiguration.member($0, of: path) }
    if let missing = folders.first(where: { !RunFolder($0).holdsModel }) {
      throw TrainingError(
        missing, "this member is not trained to its end", advice: "go on with apus ensemble train ... --resume")
    }
    try self.init(RunFolder(path).path, folders)
  }

  /// Reads runs that predict the same from the same inputs.
  ///
  /// - Throws: as ``init(_:)``, and when runs take other inputs or name other classes.
  public init(runs: [String]) throws { try self.init(nil, runs) }

  /// Whether a folder holds an ensemble.
  public static func exists(_ path: String) -> Bool { EnsembleConfiguration.exists(path) }

  private init(_ path: String?, _ folders: [String]) throws {
    self.path = path
    runs = try folders.map { try SavedRun($0) }
    guard let first = runs.first?.configuration else {
      throw TrainingError("an ensemble", "needs at least one run", advice: "name their folders")
    }
    if let run = runs.first(where: { $0.task == .segmentation }) {
      throw TrainingError(
        run.folder.path, "gives classes of pixels, which are not averaged here", advice: "give runs of another task")
    }
    for run in runs.dropFirst() {
      guard run.configuration.model.inputShape == first.model.inputShape else {
        throw TrainingError(
          run.folder.path,
          "takes samples of shape \(run.configuration.model.inputShape), the first run "
            + "\(first.model.inputShape)", advice: "give runs of the same data")
      }
      guard run.configuration.classNames == first.classNames, run.task == runs[0].task else {
        throw TrainingError(
          run.folder.path, "has other classes than the first run", advice: "give runs of the same data")
      }
      let (preparation, firsts) = (run.configuration.preparation, first.preparation)
      guard
        preparation.schema == firsts.schema, preparation.imputation == firsts.imputation,
        preparation.targetScaling == firsts.targetScaling
      else {
        throw TrainingError(
          run.folder.path, "reads or scales its data in another way than the first run",
          advice: "give members of one ensemble")
      }
    }
  }

  /// The models as one.
  ///
  /// - Throws: ``TrainingError`` when their inputs are normalised differently; ``outputs(on:)`` takes such runs too.
  public func model() throws -> Ensemble {
    let normalization = runs[0].configuration.normalization
    if let other = runs.first(where: { $0.configuration.normalization != normalization }) {
      throw TrainingError(
        other.folder.path, "normalises its inputs in another way than the first run",
        advice: "give members of one ensemble")
    }
    return Ensemble(runs.map(\.model), task: task)
  }

  private var task: PredictionTask { runs[0].task }

  /// The averaged outputs for every sample, and each member's own.
  ///
  /// - Throws: ``TrainingError`` when the data do not fit the models.
  func outputs(on data: Dataset) throws -> (average: HostArray, members: [HostArray]) {
    let members = try runs.map {
      try ApusTraining.outputs(of: $0.model, on: data, normalization: $0.configuration.normalization)
    }
    return (Ensemble.average(members.map { Tensor($0) }, task: task).hostArray(), members)
  }

  /// Judges the ensemble and its members on a data set; nil means the one they were trained on.
  ///
  /// The test part is used; of data without one the validation part that all members set aside, else all there is.
  ///
  /// - Throws: `DataError`, `FormatError`, ``TrainingError`` when the data cannot be read or do not fit.
  public func evaluate(on name: String?) throws -> EnsembleReport {
    let first = runs[0]
    let part = try first.part(on: name)
    if part.isSetAside { try checkSplits(part) }
    let data = part.samples
    let (average, members) = try outputs(on: data)
    func judged(_ outputs: HostArray) throws -> Evaluation {
      let known = try Dataset(name: data.name, inputs: outputs, targets: data.targets, classNames: data.classNames)
      return try ApusTraining.evaluate(
        ActivationLayer(.identity), on: known, loss: first.loss, task: task, normalization: nil,
        unscaling: first.unscaling)
    }
    let whole = try judged(average)
    let single = try members.map(judged)
    let (accuracies, losses) = (single.compactMap(\.accuracy), single.map(\.loss))
    return EnsembleReport(
      ensemble: path, data: part.data, part: part.name, samples: data.count,
      members: zip(runs, single).map {
        EnsembleReport.Member(
          run: $0.folder.path, seed: $0.configuration.seed, accuracy: $1.accuracy, loss: $1.loss)
      },
      meanMemberAccuracy: accuracies.isEmpty ? nil : accuracies.reduce(0, +) / Double(accuracies.count),
      bestMemberAccuracy: accuracies.max(), meanMemberLoss: losses.reduce(0, +) / Double(losses.count),
      bestMemberLoss: losses.min() ?? 0, accuracy: whole.accuracy, loss: whole.loss,
      disagreement: Disagreement.of(members, task: task), metrics: whole.values,
      confusionMatrix: whole.confusion?.counts)
  }

  /// Members that set aside different parts of the same data have seen each other's validation samples.
  private func checkSplits(_ part: RunPart) throws {
    let first = runs[0].configuration
    for run in runs.dropFirst() {
      let other = run.configuration
      guard
        other.data != first.data || other.validationSplit != first.validationSplit
          || other.dataOptions.testSplit != first.dataOptions.testSplit
          || other.splitSeed ?? other.seed != first.splitSeed ?? first.seed
      else { continue }
      throw TrainingError(
        part.data,
        "has no test part of its own, and \(run.folder.path) was trained on samples that \(runs[0].folder.path) set aside",
        advice: "give other data with --data, or members of one ensemble")
    }
  }

  /// Names pictures by the averaged prediction.
  ///
  /// - Throws: `DataError` or `FormatError` when a file is no picture, ``TrainingError`` when its size is not the models'.
  public func predict(_ paths: [String], top: Int) throws -> PredictionReport {
    let (pictures, classNames) = (try runs[0].pictures(paths, top: top), runs[0].configuration.classNames)
    let guesses = try pictures.map { picture in
      let data = try Dataset(
        name: "picture", inputs: picture, targets: HostArray([Int32(0)], shape: [1]), classNames: classNames)
      return PredictionReport.guesses(try outputs(on: data).average, classNames, task: task, top: top)
    }
    return PredictionReport(
      run: path ?? runs.map(\.folder.path).joined(separator: " "),
      predictions: zip(paths, guesses).map { PredictionReport.Picture(image: $0, top: $1) })
  }
}
