import ApusNN
import ApusTensor

/// New layers on top of features that another network has learnt: a mean over places or steps where there are such, hidden
/// dense layers with ReLU, and one dense layer for the outputs, each with dropout before it.
///
/// Shapes: `[N, F]`, `[N, T, F]` (the mean over T) or `[N, F, H, W]` (the mean over H and W) gives `[N, outputs]`.
/// Parameters: `hidden.0.weight`, `hidden.0.bias`, ..., `output.weight`, `output.bias`.
public struct TransferHead: Layer, CustomStringConvertible {
  private let hidden: [Dense]
  private let output: Dense
  private let dropout: Dropout

  /// A head.
  ///
  /// - Parameters:
  ///   - features: of the vector that the layers begin with, F.
  ///   - widths: of the hidden layers; none makes the head linear.
  ///   - dropout: the probability of dropping an input of a dense layer in training.
  public init(features: Int, hidden widths: [Int] = [], outputs: Int, dropout: Double = 0) {
    hidden = zip([features] + widths, widths).map { Dense($0, $1, activation: .relu) }
    output = Dense(widths.last ?? features, outputs)
    self.dropout = Dropout(dropout)
  }

  /// How many features a tensor of this shape has; nil when the head cannot take it.
  static func features(of shape: Shape) -> Int? {
    switch shape.rank {
    case 2, 4: shape[1]
    case 3: shape[2]
    default: nil
    }
  }

  /// The outputs for features.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let vectors = x.rank == 4 ? x.globallyAveragePooled() : x.rank == 3 ? x.mean(squeezingAxes: 1) : x
    return output(dropout(hidden.reduce(vectors) { $1(dropout($0)) }))
  }

  /// The code that builds the head.
  public var description: String {
    let widths = hidden.map { $0.weight.shape[0] }
    var settings = ["features: \((hidden.first ?? output).weight.shape[1])"]
    if !widths.isEmpty { settings.append("hidden: \(widths)") }
    settings.append("outputs: \(output.weight.shape[0])")
    if dropout.probability > 0 { settings.append("dropout: \(dropout.probability)") }
    return "TransferHead(\(settings.joined(separator: ", ")))"
  }
}
