import ApusData
import ApusNN

/// What a network is to predict: decides its outputs, the usual loss and the metrics.
public typealias PredictionTask = LossConfiguration.Task

extension PredictionTask {
  /// The task that a data set's targets ask for.
  public static func usual(for data: Dataset) -> PredictionTask {
    data.hasSymbolTargets
      ? .sequence : data.hasPixelLabels ? .segmentation : data.classCount > 0 ? .classification : .regression
  }

  /// The number of the network's outputs for such data.
  public func outputCount(for data: Dataset) -> Int {
    switch self {
    case .segmentation: data.classCount
    case .sequence: data.symbolCount
    case .classification: data.classCount > 0 ? data.classCount : data.targetType.shape.dropFirst().reduce(1, *)
    case .binary: 1
    case .regression: data.targetType.shape.dropFirst().reduce(1, *)
    }
  }

  /// Checks that a data set's targets are those of the task.
  ///
  /// - Parameter asked: the option that asks for the task and its value; nil for the task's own name.
  /// - Throws: ``TrainingError`` when it has classes and the task wants numbers, or the other way round.
  func check(_ data: Dataset, asked: String? = nil) throws {
    let asked = asked ?? "--task \(rawValue)"
    func fail(_ needs: String) -> TrainingError {
      let has =
        data.hasSymbolTargets
        ? "are the next symbols of a text"
        : data.classCount == 0
          ? "are numbers" : "are \(data.classCount) classes" + (data.hasPixelLabels ? " of pixels" : "")
      let others = PredictionTask.allCases.filter { $0.takes(data) }.map(\.rawValue)
      return TrainingError(
        asked, "needs \(needs), and the targets of \(data.name) \(has)",
        advice: "choose --task \(others.joined(separator: " or ")), or give other targets")
    }
    if takes(data) { return }
    switch self {
    case .classification: throw fail("classes")
    case .binary: throw fail("two classes")
    case .regression: throw fail("numbers")
    case .segmentation: throw fail("classes of pixels")
    case .sequence: throw fail("the next symbols of a text")
    }
  }

  private func takes(_ data: Dataset) -> Bool {
    switch self {
    case .classification: data.classCount > 0 && !data.hasPixelLabels
    case .binary: data.classCount == 2 && !data.hasPixelLabels
    case .regression: data.classCount == 0 && !data.hasSymbolTargets
    case .segmentation: data.hasPixelLabels
    case .sequence: data.hasSymbolTargets
    }
  }
}
