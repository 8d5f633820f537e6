import ApusData
import ApusNN
import ApusTensor

extension Trainer {
  /// Finds where the numbers left the finite ones: repeats the steps since the last checkpoint, which are the same to the
  /// bit, and looks at each. Leaves the model as that checkpoint has it.
  func divergence(_ value: Double, _ data: Dataset, _ epochs: Int, _ base: Double) throws -> TrainingError {
    let (epoch, failed) = (position.epoch + 1, position.step + 1)
    let good = try run.map { try Checkpoint(contentsOf: $0.last) } ?? lastGood
    var cause: (step: Int, text: String)?
    if let good {
      try good.restore(model, optimizer, average)
      position = good.position
      cause = try findCause(data, epochs, base, until: failed)
      try good.restore(model, optimizer, average)
      position = good.position
    }
    let first = cause.map { "\($0.text) in step \($0.step)" } ?? "the cause could not be found again"
    let kept = run.map { ", the last good checkpoint is kept in \($0.last)" } ?? ""
    return TrainingError(
      "training diverged in step \(failed) (epoch \(epoch))", "the loss became \(value): \(first)\(kept)",
      advice: "lower the learning rate (now \(optimizer.learningRate)) or clip the gradients")
  }

  private func findCause(
    _ data: Dataset, _ epochs: Int, _ base: Double, until failed: Int
  ) throws -> (step: Int, text: String)? {
    let batches = self.batches(data)
    for group in BatchGroups(batches, of: options.accumulation) {
      let before = model.snapshot()
      try setLearningRate(base, batches.plan.batchCount, epochs)
      let result = step(group)
      position.step += 1
      position.batch += group.count
      let broken = model.parameters.first { !$0.parameter.stored.hostArray().isFinite }
      if !result.total.isFinite || broken != nil {
        do { try model.restore(before) } catch { return nil }
        position.step -= 1
        let text = withStepRandom(options.seed, position.step) { examine(group) }
        return (position.step + 1, text ?? "the update of '\(broken?.name ?? "a parameter")' was not finite")
      }
      if position.step >= failed { return nil }
    }
    return nil
  }

  private func examine(_ group: [Batch]) -> String? {
    for (number, batch) in group.enumerated() {
      if let text = withRandomPart(number, of: group.count, { examine(batch) }) { return text }
    }
    return nil
  }

  /// The first thing in a step that is not finite, in words; nil when all is finite before the update.
  private func examine(_ batch: Batch) -> String? {
    guard batch.inputs.isFinite else { return "the inputs of batch \(batch.index + 1) were not finite" }
    if let named = model.parameters.first(where: { !$0.parameter.stored.hostArray().isFinite }) {
      return "the parameter '\(named.name)' was not finite"
    }
    let input = Tensor(batch.inputs)
    let outputs = withTraining { model(input) }
    if let layer = firstBrokenLayer(outputs, input) { return "the output of the layer '\(layer)' was not finite" }
    let gradients = valueWithGradient(of: model) { penalized(loss(model(input), Tensor(batch.targets))) }.gradients
    realize([gradients.value] + gradients.tensors)
    for entry in gradients.entries.reversed() {
      if let tensor = entry.tensor, !tensor.hostArray().isFinite {
        return "the gradient of '\(entry.name)' was not finite"
      }
    }
    return gradients.value.item().isFinite ? nil : "the loss of finite outputs was not finite"
  }

  private func penalized(_ value: Tensor) -> Tensor { options.penalty.map { value + $0(model) } ?? value }

  private func firstBrokenLayer(_ outputs: Tensor, _ input: Tensor) -> String? {
    let graph = RecordedGraph(outputs: [outputs], input: input, parameters: model.parameters)
    var layer = "input"
    var results: [(layer: String, tensor: Tensor)] = []
    for step in graph.steps {
      if let parameter = step.parameters.first { layer = RecordedGraph.layer(of: parameter) }
      let tensor = Tensor(node: step.node, output: 0)
      if tensor.dtype.isFloatingPoint { results.append((layer, tensor)) }
    }
    realize(results.map(\.tensor))
    return results.first { !$0.tensor.hostArray().isFinite }?.layer
  }
}

extension HostArray {
  /// Whether no element is infinite or not a number.
  var isFinite: Bool {
    switch dtype {
    case .float32: scalars(as: Float.self).allSatisfy(\.isFinite)
    case .float64: scalars(as: Double.self).allSatisfy(\.isFinite)
    case .int32, .int64, .uint8, .bool: true
    }
  }
}
