import ApusNN
import ApusTensor

/// Several models of one kind whose predictions are averaged (Hansen and Salamon, 1990).
///
/// Of classes the probabilities are averaged, not the logits: the output is `log(mean over k of softmax(z_k))`, so that
/// softmax and cross-entropy take it like any model's logits. Of one logit it is the logit of the mean of `sigmoid(z_k)`;
/// of numbers the mean. By Jensen's inequality the ensemble's cross-entropy, or squared error, is at most the mean of its
/// members'.
///
/// ```swift
/// let ensemble = Ensemble([first, second, third])
/// print(try evaluate(ensemble, on: data.test, loss: crossEntropy, normalization: normalization))
/// ```
/// Shapes: `[N, ...]` gives what each member gives. All members take the same inputs.
public struct Ensemble: Layer, CustomStringConvertible {
  /// The models.
  public let members: [any Layer]
  /// What their outputs mean.
  public let task: PredictionTask

  /// An ensemble of trained models.
  ///
  /// - Precondition: there is at least one.
  public init(_ members: [any Layer], task: PredictionTask = .classification) {
    precondition(!members.isEmpty, "an ensemble needs at least one member")
    self.members = members
    self.task = task
  }

  /// The averaged prediction.
  public func callAsFunction(_ x: Tensor) -> Tensor { Self.average(members.map { $0(x) }, task: task) }

  /// The averaged prediction of outputs that are known; see ``Ensemble``.
  ///
  /// - Precondition: there is at least one, and all have one type.
  public static func average(_ outputs: [Tensor], task: PredictionTask) -> Tensor {
    let count = Double(outputs.count)
    func logarithmOfMean(_ logarithms: [Tensor]) -> Tensor {
      logSumExp(stack(logarithms), squeezingAxes: [0]) - logarithm(count)
    }
    switch task {
    case .classification, .segmentation, .sequence: return logarithmOfMean(outputs.map { logSoftmax($0, axis: 1) })
    case .binary:
      return logarithmOfMean(outputs.map { logSigmoid($0) }) - logarithmOfMean(outputs.map { logSigmoid(-$0) })
    case .regression: return stack(outputs).mean(squeezingAxes: 0)
    }
  }

  /// How many members there are.
  public var description: String { "Ensemble(\(members.count) members)" }
}
