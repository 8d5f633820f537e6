import ApusTensor

/// Sets elements to 0 at random in training, and scales the others by `1 / (1 - probability)`, so that their
/// expectation stays (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, 2014). In inference it passes its input
/// on.
///
/// The usual probabilities are 0.5 for hidden layers and 0.2 for inputs. Random numbers are the task's: a training
/// step runs inside `withRandomSeed(seed, step: step)`, and so repeats itself exactly.
///
/// ```swift
/// let h = Dropout(0.5)(hidden(x))
/// ```
public struct Dropout: Layer, CustomStringConvertible {
  /// How probably an element is dropped.
  public let probability: Double

  /// A layer that drops with a probability of at least 0 and below 1.
  public init(_ probability: Double = 0.5) {
    if !(probability >= 0 && probability < 1) {
      let problem = "Dropout(\(probability)): the probability must be at least 0 and below 1"
      _ = LayerCheck.fail(problem, nil)
    }
    self.probability = probability
  }

  /// The input with elements dropped in training, the input itself otherwise.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard Mode.isTraining, probability > 0 else { return x }
    let isKept = Tensor.randomBernoulli(x.shape, probability: 1 - probability)
    return (x * (1 / (1 - probability))).selected(where: isKept, otherwise: Tensor.zeros([], dtype: x.dtype))
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "Dropout(\(probability))" }
}
