import ApusData
import ApusNN

/// What somebody asks a network to be trained for; what is nil takes the usual value, or on resuming that of the run.
public struct ObjectiveRequest: Sendable, Hashable {
  /// `classification`, `binary`, `regression` or `segmentation`.
  public var task: String?
  /// The name of the loss.
  public var loss: String?
  /// The share of each target that is spread over all classes.
  public var labelSmoothing: Double?
  /// The weight of each class.
  public var classWeights: [Double]?
  /// The class whose samples count nothing.
  public var ignoredIndex: Int?
  /// The factor of the positive samples' terms.
  public var positiveWeight: Double?
  /// Where the squared part of `huber` or `smooth-l1` ends.
  public var delta: Double?

  /// A request with the usual values.
  public init() {}

  private var asksForLoss: Bool {
    loss != nil || labelSmoothing != nil || classWeights != nil || ignoredIndex != nil || positiveWeight != nil
      || delta != nil
  }

  /// The task that is asked for.
  ///
  /// - Throws: ``TrainingError`` when there is none of this name.
  public func chosenTask() throws -> PredictionTask? {
    try task.map { name in
      guard let task = PredictionTask(rawValue: name.lowercased()) else {
        throw TrainingError.unknown("task", name, among: PredictionTask.allCases.map(\.rawValue))
      }
      return task
    }
  }

  /// What the request comes to for some data.
  ///
  /// - Parameter earlier: what the run was begun with, when it is resumed.
  /// - Throws: ``TrainingError`` or `SettingError` when a name is unknown, a number impossible, or task, loss and data do
  ///   not go together.
  func configuration(for data: Dataset, earlier: ObjectiveConfiguration?) throws -> ObjectiveConfiguration {
    let named = try chosenLoss(for: data)
    let chosen = try chosenTask()
    let usual = PredictionTask.usual(for: data)
    let implied = named.map { $0.tasks.contains(usual) ? usual : $0.tasks[0] }
    let task = chosen ?? implied ?? earlier?.task ?? usual
    try task.check(data, asked: chosen == nil ? named.map { "--loss \($0.name)" } : nil)
    let loss = try named ?? earlier?.loss ?? LossConfiguration.usual(for: task)
    guard loss.tasks.contains(task) else {
      throw TrainingError(
        "--loss",
        "\(loss.name) is for \(loss.tasks.map(\.rawValue).joined(separator: " and ")), the task is \(task.rawValue)",
        advice: "choose one of: \(LossConfiguration.names(for: task).joined(separator: ", "))")
    }
    try loss.check(outputs: task.outputCount(for: data))
    return ObjectiveConfiguration(task: task, loss: loss)
  }

  private func chosenLoss(for data: Dataset) throws -> LossConfiguration? {
    guard asksForLoss || data.isOfPairs else { return nil }
    // A setting alone means the usual loss that has it.
    let implied = delta != nil ? "huber" : positiveWeight != nil ? "binary-cross-entropy" : "cross-entropy"
    return try LossConfiguration(
      loss ?? implied, labelSmoothing: labelSmoothing, classWeights: classWeights,
      ignoredIndex: ignoredIndex ?? (data.isOfPairs ? 0 : nil),
      positiveWeight: positiveWeight, delta: delta)
  }
}

/// What a network is trained for: the task and the loss.
public struct ObjectiveConfiguration: Sendable, Hashable, Codable {
  /// What is predicted.
  public let task: PredictionTask
  /// What is made small.
  public let loss: LossConfiguration
}
