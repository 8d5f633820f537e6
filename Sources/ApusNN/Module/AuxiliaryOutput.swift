import ApusTensor

/// The output of a head in the middle of a network that only training uses: its loss, times a weight, is added to that of
/// the main output, so that early layers get a gradient over a short way (Szegedy et al., 2015).
///
/// ```swift
/// let (loss, gradients) = valueWithGradient(of: model) {
///   let (logits, heads) = model.trainingOutputs(images)
///   return heads.reduce(crossEntropy(logits, labels)) { $0 + crossEntropy($1.output, labels) * $1.weight }
/// }
/// ```
/// `trainStep` and with it `Trainer` do this for every model.
public struct AuxiliaryOutput: Sendable {
  /// What the head gives, judged by the same targets as the main output.
  public let output: Tensor
  /// What its loss counts.
  public let weight: Double

  /// The output of a head.
  public init(_ output: Tensor, weight: Double) { (self.output, self.weight) = (output, weight) }
}
