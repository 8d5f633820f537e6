import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// What a hook may look at and do in the training it belongs to.
///
/// Parameters, gradients and activations are read or computed when a hook asks for them, so that steps without such a hook
/// cost nothing more, and the steps with one still run the same plan.
public final class TrainingControl {
  /// What is trained; `model.parameters` has the weights by path.
  public let model: any Layer
  /// The rule of the updates; its learning rate may be changed.
  public let optimizer: any Optimizer
  /// The folder of the run; nil without one.
  public let run: RunFolder?
  /// The finished epochs.
  public internal(set) var history: [EpochRecord]
  /// Updates done since the start.
  public internal(set) var step: Int
  /// Why a hook wants the training to stop; nil while none does.
  public private(set) var stopReason: String?

  /// The batch of the last step; nil before the first step of this process.
  var batch: Batch?
  private let loss: LossFunction
  private let seed: UInt64

  init(
    _ model: any Layer, _ optimizer: any Optimizer, _ loss: @escaping LossFunction, seed: UInt64, run: RunFolder?,
    _ position: TrainingPosition
  ) {
    self.model = model
    self.optimizer = optimizer
    self.loss = loss
    self.seed = seed
    self.run = run
    (history, step) = (position.history, position.step)
  }

  /// Ends the training after this step: it is saved where it stands, and can be resumed.
  public func stop(_ reason: String) { if stopReason == nil { stopReason = reason } }

  /// The gradients of the loss on the last step's batch at the present weights, in training mode; nil before the first
  /// step of this process.
  ///
  /// Costs a forward and a backward pass. Changes nothing in the model, running statistics included.
  public func gradients() -> Gradients? { batch.map { gradients(model, $0) } }

  private func gradients(_ model: some Layer, _ batch: Batch) -> Gradients {
    let states = model.parameters.filter { $0.parameter.role == .state }.map { ($0.parameter, $0.parameter.stored) }
    defer { for (parameter, value) in states { parameter.value = value } }
    return withStepRandom(seed, step) {
      let gradients = valueWithGradient(of: model) {
        (loss(model(Tensor(batch.inputs)), Tensor(batch.targets)), [])
      }
      realize(gradients.tensors + [gradients.value])
      return gradients
    }
  }

  /// The outputs of every layer that has parameters, its activation included, for the last step's batch in inference
  /// mode, by the layer's path in the order of the network; empty before the first step of this process.
  ///
  /// Costs a forward pass that keeps every layer's outputs.
  public func activations() -> [(layer: String, output: Tensor)] {
    guard let batch else { return [] }
    let input = Tensor(batch.inputs)
    let outputs = withInference { model(input) }
    var found: [(layer: String, output: Tensor)] = []
    for step in RecordedGraph(outputs: [outputs], input: input, parameters: model.parameters).steps {
      let output = Tensor(node: step.node, output: 0)
      guard output.dtype.isFloatingPoint else { continue }
      if let parameter = step.parameters.first, found.last?.layer != RecordedGraph.layer(of: parameter) {
        found.append((RecordedGraph.layer(of: parameter), output))
      } else if !found.isEmpty {
        found[found.count - 1].output = output
      }
    }
    realize(found.map(\.output))
    return found
  }
}
