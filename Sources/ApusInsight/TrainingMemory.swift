import ApusCompiler
import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining

/// The memory a training step needs, as the compiler planned it.
public struct TrainingMemory: Sendable, Hashable, Encodable {
  /// Samples in the step.
  public let batchSize: Int
  /// Weights and the optimizer's state, in bytes.
  public let stateBytes: Int
  /// Activations, gradients and everything else that lives inside a step, in bytes: the arena of the plan.
  public let arenaBytes: Int

  /// All of it in bytes: the state is there twice, because a step makes new values from old ones.
  public var totalBytes: Int { 2 * stateBytes + arenaBytes }

  /// Plans a training step and reads what the plan would take; nothing is computed, and the model keeps its weights.
  ///
  /// - Parameters:
  ///   - sampleShape: the shape of a sample.
  ///   - executor: a new executor that only plans, whose statistics then tell of this step alone.
  /// - Throws: `ShapeError` when the model cannot take such samples or does not give logits `[N, classes]`, or
  ///   `[N, classes, ...]` of every pixel, and `SettingError` when the optimizer cannot train it.
  public init(
    of model: some Layer, sampleShape: Shape, batchSize: Int, optimizer: any Optimizer,
    planning executor: PlanExecutor
  ) throws {
    try optimizer.validateRows(of: model)
    let shape = Shape([batchSize] + Array(sampleShape))
    let output = try Diagnostics.dryRun { model(Tensor(repeating: 0, shape: shape)).shape }
    guard output.rank >= 2 else { throw ShapeError("the model gives \(output), not [N, classes] or [N, classes, ...]") }
    // What the samples are nobody asks: memory that is not written takes no place.
    func room(_ shape: Shape, _ dtype: DType) -> HostArray { HostArray(type: TensorType(shape, dtype)) { _ in } }
    let batch = Batch(inputs: room(shape, .float32), targets: room(Shape([batchSize] + output.dropFirst(2)), .int32))
    let before = model.snapshot()
    Execution.$override.withValue(executor) {
      _ = trainStep(model, optimizer, batch) { crossEntropy($0, $1) }
    }
    try model.restore(before)
    let parameters = before.tensors.values.reduce(0) { $0 + $1.type.byteCount }
    self.batchSize = batchSize
    stateBytes = optimizer.stateSnapshot().values.reduce(parameters) { $0 + $1.type.byteCount }
    arenaBytes = executor.statistics.peakArenaBytes
  }
}
