import Apus

/// A model layer by layer, as `apus summary --json` prints it.
struct SummaryReport: Encodable {
  let model: String
  let inputShape: [Int]
  let layers: [ModelSummary.Row]
  let parameters: Int
  let multiplyAdds: Int
  let trainingBatchSize: Int
  let trainingOptimizer: String
  let plannedTrainingMemoryMb: Double

  /// The table for people.
  let text: String

  private enum CodingKeys: CodingKey {
    case model, inputShape, layers, parameters, multiplyAdds, trainingBatchSize, trainingOptimizer
    case plannedTrainingMemoryMb
  }

  /// - Parameter name: a model's name or the folder of a run.
  init(
    _ name: String, options: ModelOptions, inputShape: [Int]?, batchSize: Int, optimizer: String,
    compute: ComputeOptions
  ) throws {
    guard batchSize >= 1, batchSize <= 1 << 16 else {
      throw TrainingError(
        "--batch-size", "cannot be \(batchSize)", advice: "it must be a whole number from 1 to 65536")
    }
    let (found, configuration) = try Self.model(name, options, inputShape)
    let shape = inputShape ?? [1] + configuration.inputShape
    let table = try summary(found, inputShape: Shape(shape))
    let rule = try OptimizerConfiguration(name: optimizer)
    let memory = try TrainingMemory(
      of: found, sampleShape: Shape(configuration.inputShape), batchSize: batchSize, optimizer: rule.make(),
      planning: CPUExecutor.make(options: try compute.options(), plansOnly: true))
    model = table.model
    self.inputShape = table.inputShape
    (layers, parameters, multiplyAdds) = (table.layers, table.parameters, table.multiplyAdds)
    (trainingBatchSize, trainingOptimizer) = (batchSize, optimizer)
    plannedTrainingMemoryMb = (Double(memory.totalBytes) / 1_048_576 * 100).rounded() / 100
    text = """
      \(table)
      training in batches of \(batchSize) with \(optimizer) plans \(plannedTrainingMemoryMb) MB
      """
  }

  private static func model(
    _ name: String, _ options: ModelOptions, _ inputShape: [Int]?
  ) throws -> (any Layer, ModelConfiguration) {
    let sampleShape = inputShape.map { Array($0.dropFirst()) }
    if SavedRun.exists(name) {
      guard options == ModelOptions() else {
        throw TrainingError(name, "has a form of its own", advice: "leave the options of the model's form out")
      }
      var configuration = try RunConfiguration.read(RunFolder(name))
      if let sampleShape { configuration.model.inputShape = sampleShape }
      return (try SavedRun.untrained(configuration, RunFolder(name)), configuration.model)
    }
    if name.contains("/") {
      throw TrainingError(name, "there is no run in this folder", advice: "give the folder of a run, or a model's name")
    }
    var configuration = try ModelConfiguration.usual(name, options)
    if let sampleShape { configuration.inputShape = sampleShape }
    return (try configuration.make(seed: 0), configuration)
  }
}
