import ApusPlots
import ApusTraining

/// How loss and accuracy went from epoch to epoch.
enum LearningCurves {
  /// The loss on the training and validation parts.
  static func loss(_ history: RunHistory) -> Figure {
    curves("Loss", "loss", history, history.epochs.map(\.trainLoss), history.epochs.map(\.validationLoss))
  }

  /// The accuracy on the training and validation parts; nil when the targets are not classes.
  static func accuracy(_ history: RunHistory) -> Figure? {
    let (train, validation) = (history.epochs.map(\.trainAccuracy), history.epochs.map(\.validationAccuracy))
    guard (train + validation).contains(where: { $0 != nil }) else { return nil }
    return curves("Accuracy", "accuracy", history, train, validation)
  }

  /// The learning rate of each epoch's last step; nil where it was not recorded.
  static func learningRate(_ history: RunHistory) -> Figure? {
    let rates = history.epochs.map { $0.learningRate ?? .nan }
    let known = rates.filter { $0.isFinite && $0 > 0 }
    guard let least = known.min(), let most = known.max() else { return nil }
    let scale: Axis.Scale = most > 20 * least ? .logarithmic : .linear
    return Figure(
      "Learning rate", x: Axis("epoch", isWhole: true),
      y: Axis("learning rate", scale: scale, from: scale == .linear ? 0 : nil),
      series: [.line(x: history.numbers, y: rates)])
  }

  private static func curves(
    _ title: String, _ label: String, _ history: RunHistory, _ train: [Double?], _ validation: [Double?]
  ) -> Figure {
    let epochs = history.numbers
    var series: [Series] = []
    for (name, part) in [("training", train), ("validation", validation)] {
      let values = part.map { $0 ?? .nan }
      if values.contains(where: \.isFinite) { series.append(.line(name, x: epochs, y: values)) }
    }
    let best = epochs.count > 1 ? history.best : nil
    return Figure(
      title, x: Axis("epoch", isWhole: true), y: Axis(label), series: series,
      annotations: best.map { [.verticalLine(at: Double($0.epoch), "kept")] } ?? [])
  }
}
