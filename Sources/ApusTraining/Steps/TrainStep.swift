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
/// function of both, as ``Trainer`` does.
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
  let gradients = optimizer.withoutFrozen(
    lossGradients(model, batch, loss, adversarial, penalty, keepsLoss: penalty != nil))
  optimizer.update(model, along: clipping(gradients), constraint: constraint(maxNorm), average: average)
  let total = gradients.value.item()
  let value = penalty == nil ? total : gradients.auxiliary[1].item()
  let correct = Predictions.correct(gradients.auxiliary[0].hostArray(), batch.targets, task)
  return StepResult(loss: value, penalty: total - value, correct: correct, count: batch.count)
}

/// The gradients of the loss of a batch and the penalty; the auxiliary results are the outputs and, on request, the loss
/// without the penalty.
func lossGradients(
  _ model: some Layer, _ batch: Batch, _ loss: LossFunction, _ adversarial: AdversarialLoss?,
  _ penalty: WeightPenalty?, keepsLoss: Bool
) -> Gradients {
  let (inputs, targets) = (Tensor(batch.inputs), Tensor(batch.targets))
  func mixed() -> (loss: Tensor, outputs: Tensor) {
    if let adversarial { return adversarial(model, inputs, targets, loss: loss) }
    let outputs = model(inputs)
    return (loss(outputs, targets), outputs)
  }
  return valueWithGradient(of: model) {
    let (value, outputs) = mixed()
    return (penalty.map { value + $0(model) } ?? value, keepsLoss ? [outputs, value] : [outputs])
  }
}

/// What limits new weights; nil when nothing does.
func constraint(_ maxNorm: MaxNorm?) -> UpdateConstraint? {
  maxNorm.map { limit in { entry, value in entry.parameter.role == .weight ? limit(value) : value } }
}
