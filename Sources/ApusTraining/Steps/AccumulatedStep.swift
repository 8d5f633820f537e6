import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// One training step on several batches: the gradients of each, added up by the number of its samples, then one update as
/// if they were one large batch.
///
/// Equal to `trainStep` on the joined batch, to rounding, when the loss
/// is a mean over samples and no layer looks at the batch as a whole, as batch normalisation does. Only the gradients and
/// one batch's activations are in memory at a time. Random layers draw other numbers for each batch.
///
/// ```swift
/// trainStep(model, optimizer, accumulating: fourBatches, loss: crossEntropy)
/// ```
/// - Precondition: at least one batch.
@discardableResult
public func trainStep(
  _ model: some Layer, _ optimizer: any Optimizer, accumulating batches: [Batch], loss: LossFunction,
  clipping: GradientClipping = .none, adversarial: AdversarialLoss? = nil, penalty: WeightPenalty? = nil,
  maxNorm: MaxNorm? = nil, average: WeightAverage? = nil, task: PredictionTask? = nil
) -> StepResult {
  precondition(!batches.isEmpty, "trainStep(_:_:accumulating:): needs at least one batch")
  let count = batches.reduce(0) { $0 + $1.count }
  var sum: Gradients?
  var addsToLoss = false
  for (number, batch) in batches.enumerated() {
    let judged = withRandomPart(number, of: batches.count) {
      lossGradients(model, batch, loss, adversarial, penalty, keepsLoss: true)
    }
    addsToLoss = judged.addsToLoss
    let part = optimizer.withoutFrozen(judged.gradients) * (Double(batch.count) / Double(count))
    let total = sum.map { $0 + part } ?? part
    // The last part is computed together with the update.
    sum = number < batches.count - 1 ? total.realized() : total
  }
  guard let sum else { preconditionFailure("no batch gave a gradient") }
  optimizer.update(
    model, along: clipping(sum), constraint: constraint(maxNorm), average: average, overwritesParameters: true)
  var value = 0.0
  var correct: Int?
  for (number, batch) in batches.enumerated() {
    value += sum.auxiliary[2 * number + 1].item() * Double(batch.count) / Double(count)
    if let right = Predictions.correctRows(sum.auxiliary[2 * number], batch.targets, task) {
      correct = (correct ?? 0) + right
    }
  }
  return StepResult(loss: value, penalty: addsToLoss ? sum.value.item() - value : 0, correct: correct, count: count)
}

/// Runs the part of a step that belongs to one of its batches, on random numbers of its own.
func withRandomPart<Result>(_ number: Int, of parts: Int, _ body: () -> Result) -> Result {
  guard let context = RandomContext.current, parts > 1 else { return body() }
  return withRandomSeed(context.seed, step: context.step * parts + number, body)
}
