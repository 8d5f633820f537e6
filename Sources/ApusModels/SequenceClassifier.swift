import ApusNN
import ApusTensor

/// A recurrent classifier of sequences of numbers, such as sounds: recurrent layers in both directions, the mean or largest
/// of their outputs over time or their last states, a dense layer. Of texts: ``TextClassifier``.
///
/// Shapes: `[N, T, features]` gives logits `[N, classes]`. Parameters: those of the recurrent layers under `recurrent`,
/// `decoder.weight`, `decoder.bias`.
///
/// ```swift
/// let model = SequenceClassifier(features: 24, classes: 10, cell: .gru, units: 64, dropout: 0.3)
/// let logits = model(sounds)     // [32, 60, 24] -> [32, 10]
/// ```
public struct SequenceClassifier: Layer, CustomStringConvertible {
  /// The recurrent layers, over time as the first axis.
  public var recurrent: any SequenceLayer
  /// From the sequence's vector to the logits.
  public var decoder: Dense
  /// How the outputs become one vector.
  public let pooling: SequencePooling
  private let features: Int
  private let dropout: Dropout
  private let settings: String

  /// A model.
  ///
  /// - Parameter dropout: how probably an element of the sequence's vector, and of the outputs of a layer below another, is
  ///   dropped in training.
  public init(
    features: Int, classes: Int, cell: LanguageModel.Cell = .lstm, layers: Int = 1, units: Int = 64,
    pooling: SequencePooling = .mean, dropout: Double = 0, dtype: DType = .float32
  ) {
    recurrent = cell.layers(features, units, layers: layers, bidirectional: true, dropout: dropout, dtype: dtype)
    decoder = Dense(2 * units, classes, dtype: dtype)
    (self.pooling, self.features, self.dropout) = (pooling, features, Dropout(dropout))
    settings =
      "features: \(features), classes: \(classes), cell: .\(cell), layers: \(layers), units: \(units), "
      + "pooling: .\(pooling)" + (dropout > 0 ? ", dropout: \(dropout)" : "")
  }

  /// The logits of sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 3, x.shape[1] > 0, x.shape[2] == features else {
      let problem = "\(self): the input is \(x.shape), it must be sequences [N, T, \(features)]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, decoder.weight.shape[0]], .float32))
    }
    let (outputs, states) = recurrent.run(
      over: x.transposed(permutation: [1, 0, 2]), from: nil, lengths: nil, truncatedEvery: nil)
    return decoder(dropout(pooling.vector(of: outputs, states)))
  }

  /// The parts.
  public var namedParts: [(name: String, part: Any)]? { [("recurrent", recurrent), ("decoder", decoder)] }

  /// The code that builds the model.
  public var description: String { "SequenceClassifier(\(settings))" }
}
