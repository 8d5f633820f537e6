import ApusFormats
import ApusPlots
import ApusTraining

/// The figures of a run.
public struct RunPlots: Sendable {
  /// A figure with its place.
  public struct Plot: Sendable, Hashable {
    /// What it is about.
    public enum Topic: String, Sendable, Hashable, CaseIterable {
      /// Loss, accuracy, learning rate.
      case curves
      /// The confusion matrix, predicted and true values.
      case judgement
      /// Single samples.
      case samples
      /// How weights are spread.
      case weights
      /// How gradients are spread.
      case gradients
    }

    /// The name of its file, without extension.
    public let name: String
    /// What it is about.
    public let topic: Topic
    /// The drawing.
    public let figure: Figure
  }

  /// The figures in the order of a reader.
  public let plots: [Plot]

  init(_ facts: RunFacts) {
    var plots: [Plot] = []
    func add(_ name: String, _ topic: Plot.Topic, _ figure: Figure?) {
      guard let figure else { return }
      plots.append(Plot(name: name, topic: topic, figure: figure))
    }
    if !facts.history.epochs.isEmpty {
      add("loss", .curves, LearningCurves.loss(facts.history))
      add("accuracy", .curves, LearningCurves.accuracy(facts.history))
      add("learning-rate", .curves, LearningCurves.learningRate(facts.history))
    }
    if let counts = facts.evaluation?.confusionMatrix {
      add(
        "confusion", .judgement, ConfusionPlot.figure(classNames: facts.configuration.classNames, counts: counts))
    }
    if let judged = facts.judged {
      add(
        "regression", .judgement,
        RegressionPlot.figure(predicted: judged.values.predicted, actual: judged.values.actual))
      add("wrong", .samples, SamplePlots.wrong(judged))
      add("right", .samples, SamplePlots.right(judged))
    }
    for (kind, topic) in [(TensorStatistics.Kind.weight, Plot.Topic.weights), (.gradient, .gradients)] {
      for (path, figure) in HistogramPlots.plots(kind, facts.statistics, facts.saved?.model) {
        add("\(topic.rawValue)-\(Self.fileName(path))", topic, figure)
      }
    }
    self.plots = plots
  }

  /// A path of a parameter as part of a file's name.
  private static func fileName(_ path: String) -> String {
    String(path.prefix(80).map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "." ? $0 : "-" })
  }

  /// Draws all figures into a folder, which is made, as SVG.
  ///
  /// - Throws: `PlotError` when gnuplot is missing; `TrainingError` or `FormatError` when the folder cannot be written.
  /// - Returns: the documents in the order of ``plots``.
  @discardableResult
  public func write(to folder: String) throws -> [String] {
    let documents = try plots.map { try $0.figure.svg() }
    try RunFolder(folder).create()
    for (plot, document) in zip(plots, documents) {
      try AtomicFile.write(document, to: "\(folder)/\(plot.name).svg")
    }
    return documents
  }
}
