import ApusNN
import ApusTensor

/// A recurrent network that looks back on some steps of a series and forecasts the next ones.
///
/// Recurrent layers read the window; from the last step's units a dense layer gives all forecast numbers at once.
///
/// Shapes: `[N, T, features]` gives `[N, outputs]`, the forecast steps one after the other. Parameters: those of the
/// recurrent layers under `recurrent`, `decoder.weight`, `decoder.bias`.
///
/// ```swift
/// let model = Forecaster(features: 4, outputs: 7, cell: .gru, units: 32)
/// let week = model(days)     // [64, 28, 4] -> [64, 7]
/// ```
public struct Forecaster: Layer, CustomStringConvertible {
  /// The recurrent layers, over time as the first axis.
  public var recurrent: any SequenceLayer
  /// From the units after the last step to the forecast.
  public var decoder: Dense
  private let dropout: Dropout
  private let settings: String

  /// A model.
  ///
  /// - Parameter dropout: how probably a unit after the last step, or of a layer below another, is dropped in training.
  public init(
    features: Int, outputs: Int, cell: LanguageModel.Cell = .lstm, layers: Int = 1, units: Int = 32,
    dropout: Double = 0, dtype: DType = .float32
  ) {
    recurrent = cell.layers(features, units, layers: layers, dropout: dropout, dtype: dtype)
    decoder = Dense(units, outputs, dtype: dtype)
    self.dropout = Dropout(dropout)
    settings =
      "features: \(features), outputs: \(outputs), cell: .\(cell), layers: \(layers), units: \(units)"
      + (dropout > 0 ? ", dropout: \(dropout)" : "")
  }

  /// The forecasts.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 3 else {
      let problem = "\(self): the input is \(x.shape), it must be windows of a series [N, T, features]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, decoder.weight.shape[0]], .float32))
    }
    let (outputs, _) = recurrent.run(
      over: x.transposed(permutation: [1, 0, 2]), from: nil, lengths: nil, truncatedEvery: nil)
    return decoder(dropout(outputs[-1]))
  }

  /// The parts.
  public var namedParts: [(name: String, part: Any)]? { [("recurrent", recurrent), ("decoder", decoder)] }

  /// The code that builds the model.
  public var description: String { "Forecaster(\(settings))" }
}
