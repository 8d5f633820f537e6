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
///   - adversarial: trains on adversarial examples too; the loss of the result is then the mixed one.
///   - task: what the outputs mean, for counting the right ones; nil takes labels `[N]` for classes.
@discardableResult
public func trainStep(
  _ model: some Layer, _ optimizer: any Optimizer, _ batch: Batch, loss: LossFunction,
  clipping: GradientClipping = .none, adversarial: AdversarialLoss? = nil, task: PredictionTask? = nil
) -> StepResult {
  let (inputs, targets) = (Tensor(batch.inputs), Tensor(batch.targets))
  let gradients = valueWithGradient(of: model) {
    if let adversarial {
      let (value, outputs) = adversarial(model, inputs, targets, loss: loss)
      return (value, [outputs])
    }
    let outputs = model(inputs)
    return (loss(outputs, targets), [outputs])
  }
  optimizer.update(model, along: clipping(gradients))
  let correct = gradients.auxiliary.first.flatMap { Predictions.correct($0.hostArray(), batch.targets, task) }
  return StepResult(loss: gradients.value.item(), correct: correct, count: batch.count)
}
