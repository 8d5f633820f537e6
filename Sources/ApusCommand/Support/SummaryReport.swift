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
    var configuration = try Self.configuration(name, options)
    if let inputShape { configuration.inputShape = Array(inputShape.dropFirst()) }
    let shape = inputShape ?? [1] + configuration.inputShape
    let found = try configuration.make(seed: 0)
    let table = try summary(found, inputShape: Shape(shape))
    let rule = try OptimizerConfiguration(name: optimizer)
    let memory = try TrainingMemory(
      of: found, sampleShape: Shape(configuration.inputShape), batchSize: batchSize, optimizer: rule.make(),
      executor: compute.install())
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

  private static func configuration(_ name: String, _ options: ModelOptions) throws -> ModelConfiguration {
    if SavedRun.exists(name) { return try RunConfiguration.read(RunFolder(name)).model }
    if name.contains("/") {
      throw TrainingError(name, "there is no run in this folder", advice: "give the folder of a run, or a model's name")
    }
    return try ModelConfiguration.usual(name, options)
  }
}
