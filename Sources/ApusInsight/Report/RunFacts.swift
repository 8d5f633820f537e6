import ApusData
import ApusFormats
import ApusNN
import ApusPlots
import ApusTensor
import ApusTraining

/// Everything a report says about a run.
struct RunFacts {
  /// The folder.
  let folder: RunFolder
  /// What the run was asked for.
  let configuration: RunConfiguration
  /// `config.json` as names and values, in the order of the names.
  let settings: [(name: String, value: String)]
  /// The finished epochs.
  let history: RunHistory
  /// The run with its weights; nil while it has none.
  let saved: SavedRun?
  /// How well it does; nil when that cannot be said.
  let evaluation: EvaluationReport?
  /// What it makes of single samples.
  let judged: JudgedSamples?
  /// The model layer by layer.
  let summary: ModelSummary?
  /// Recorded histograms.
  let statistics: [TensorStatistics]
  /// Where and how the run was made.
  let environment: RunEnvironment
  /// What could not be said, each a sentence.
  let notes: [String]

  /// Gathers what is known of a run. What a finished part of it lacks (weights, data that have gone) is a note.
  ///
  /// - Throws: `TrainingError` or `FormatError` when there is no run or its files are damaged.
  init(_ path: String) throws {
    folder = RunFolder(path)
    configuration = try RunConfiguration.read(folder)
    settings = try RunSettings(folder).values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    history = try RunHistory(folder)
    statistics = folder.holdsStatistics ? try TensorStatistics.read(folder) : []
    environment = try RunEnvironment.read(folder, configuration)
    var notes: [String] = []
    guard folder.holdsModel || folder.holdsCheckpoint else {
      (saved, evaluation, judged, summary) = (nil, nil, nil, nil)
      self.notes = ["The run holds no weights yet."]
      return
    }
    let saved = try SavedRun(path)
    self.saved = saved
    var judgement: (EvaluationReport, JudgedSamples)?
    do {
      judgement = (try saved.evaluate(on: nil), try JudgedSamples(saved))
    } catch {
      notes.append("The run could not be judged: \(error).")
    }
    (evaluation, judged) = (judgement?.0, judgement?.1)
    summary = try? ApusInsight.summary(
      saved.model, inputShape: Shape([1] + configuration.model.inputShape))
    if !folder.holdsModel { notes.append("The training is not finished: this is its last checkpoint.") }
    self.notes = notes
  }
}
