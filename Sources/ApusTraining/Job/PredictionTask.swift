import ApusData
import ApusNN

/// What a network is to predict: decides its outputs, the usual loss and the metrics.
public typealias PredictionTask = LossConfiguration.Task

extension PredictionTask {
  /// The task that a data set's targets ask for.
  public static func usual(for data: Dataset) -> PredictionTask { data.classCount > 0 ? .classification : .regression }

  /// The number of the network's outputs for such data.
  public func outputCount(for data: Dataset) -> Int {
    switch self {
    case .classification: data.classCount > 0 ? data.classCount : data.targets.shape.dropFirst().reduce(1, *)
    case .binary: 1
    case .regression: data.targets.shape.dropFirst().reduce(1, *)
    }
  }

  /// Checks that a data set's targets are those of the task.
  ///
  /// - Throws: ``TrainingError`` when it has classes and the task wants numbers, or the other way round.
  func check(_ data: Dataset) throws {
    switch self {
    case .classification where data.classCount == 0:
      throw TrainingError(data.name, "its targets are not classes", advice: "choose --task regression")
    case .binary where data.classCount != 2:
      let found = data.classCount == 0 ? "its targets are not classes" : "it has \(data.classCount) classes, not 2"
      throw TrainingError(data.name, found, advice: "choose another --task")
    case .regression where data.classCount > 0:
      throw TrainingError(
        data.name, "its targets are classes, not numbers", advice: "choose --task classification, or give other targets"
      )
    default: break
    }
  }
}
