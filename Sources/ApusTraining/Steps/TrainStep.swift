import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// Judges outputs by targets: a scalar, the mean over the samples.
public typealias LossFunction = (_ outputs: Tensor, _ targets: Tensor) -> Tensor

/// One training step: gradients of the loss of a batch, clipping, update; everything in one plan.
///
/// ```swift
/// for batch in data.train.batches(of: 128, seed: 1, normalization: normalization) {
///   let result = trainStep(model, optimizer, batch, loss: crossEntropy)
///   print(result.loss)
/// }
/// ```
/// Random layers (dropout) draw from the numbers of the task: wrap the step in `withRandomSeed(seed, step:)` to make it a
/// function of both, as ``Trainer`` does. The losses of auxiliary heads are added with their weights (`AuxiliaryOutput`).
///
/// - Parameters:
///   - clipping: how gradients are limited.
///   - penalty: added to the loss.
///   - maxNorm: limits the new weights.
///   - average: takes note of the new weights.
///   - adversarial: trains on adversarial examples too; the loss of the result is then the mixed one.
///   - task: what the outputs mean, for counting the right ones; nil takes labels `[N]` for classes.
@discardableResult
public func trainStep(
  _ model: some Layer, _ optimizer: any Optimizer, _ batch: Batch, loss: LossFunction,
  clipping: GradientClipping = .none, adversarial: AdversarialLoss? = nil, penalty: WeightPenalty? = nil,
  maxNorm: MaxNorm? = nil, average: WeightAverage? = nil, task: PredictionTask? = nil
) -> StepResult {
  let judged = lossGradients(model, batch, loss, adversarial, penalty, keepsLoss: false)
  let gradients = optimizer.withoutFrozen(judged.gradients)
  optimizer.update(
    model, along: clipping(gradients), constraint: constraint(maxNorm), average: average, overwritesParameters: true)
  let total = gradients.value.item()
  let value = judged.addsToLoss ? gradients.auxiliary[1].item() : total
  let correct = Predictions.correctRows(gradients.auxiliary[0], batch.targets, task)
  return StepResult(loss: value, penalty: total - value, correct: correct, count: batch.count)
}

/// The gradients of what a step makes smaller, and whether that is more than the loss: a penalty, auxiliary heads. Their
/// auxiliary results are the outputs and, where it is more or on request, the loss.
func lossGradients(
  _ model: some Layer, _ batch: Batch, _ loss: LossFunction, _ adversarial: AdversarialLoss?,
  _ penalty: WeightPenalty?, keepsLoss: Bool
) -> (gradients: Gradients, addsToLoss: Bool) {
  let (inputs, targets) = (Tensor(batch.inputs), Tensor(batch.targets))
  var addsToLoss = penalty != nil
  let gradients = valueWithGradient(of: model) {
    let judged =
      adversarial.map { $0(model, inputs, targets, loss: loss) } ?? JudgedOutputs(model, inputs, targets, loss: loss)
    let total = penalty.map { judged.total + $0(model) } ?? judged.total
    addsToLoss = addsToLoss || judged.hasHeads
    return (total, keepsLoss || addsToLoss ? [judged.outputs, judged.loss] : [judged.outputs])
  }
  return (gradients, addsToLoss)
}

/// What limits new weights; nil when nothing does.
func constraint(_ maxNorm: MaxNorm?) -> UpdateConstraint? {
  maxNorm.map { limit in { entry, value in entry.parameter.role == .weight ? limit(value) : value } }
}
