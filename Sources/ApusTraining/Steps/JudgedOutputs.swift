import ApusNN
import ApusTensor

/// What a model gives for a batch, judged: the main output, and the auxiliary heads of a model that has some.
///
/// ```swift
/// let (value, gradients) = valueWithGradient(of: model) {
///   JudgedOutputs(model, images, labels, loss: crossEntropy).total
/// }
/// ```
public struct JudgedOutputs {
  /// The main output.
  public internal(set) var outputs: Tensor
  /// Its loss.
  public internal(set) var loss: Tensor
  /// The loss and those of the heads, each times its weight.
  public internal(set) var total: Tensor
  /// Whether there are heads.
  public internal(set) var hasHeads: Bool

  /// Runs the model on the inputs and judges what it gives by the targets.
  public init(_ model: some Layer, _ inputs: Tensor, _ targets: Tensor, loss function: LossFunction) {
    let (main, heads) = model.trainingOutputs(inputs)
    (outputs, loss, hasHeads) = (main, function(main, targets), !heads.isEmpty)
    total = heads.reduce(loss) { $0 + function($1.output, targets) * $1.weight }
  }
}
