import ApusNN
import ApusTensor

/// What follows the sum of a hidden layer: a normalisation before the activation, the activation or learnt slopes, a
/// normalisation after it.
struct HiddenStage {
  private let norm: (any Layer)?
  private let isAfter: Bool
  private let slopes: PReLU?
  private let activation: Activation

  /// A stage for so many units, or channels of a picture.
  init(
    features: Int, isImage: Bool = false, normalization: HiddenNormalization, activation: Activation,
    learntSlope: Double?, hasSlopePerChannel: Bool, dtype: DType
  ) {
    norm = normalization.layer(features: features, isImage: isImage, dtype: dtype)
    isAfter = normalization.isAfterActivation
    slopes = learntSlope.map { PReLU(hasSlopePerChannel ? features : 1, initial: $0, dtype: dtype) }
    self.activation = activation
  }

  /// The output for the layer's sum.
  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = x
    if let norm, !isAfter { h = norm(h) }
    h = slopes.map { $0(h) } ?? activation(h)
    if let norm, isAfter { h = norm(h) }
    return h
  }

  /// The layers it has, as `norm1` and `prelu1` after the layer with this number.
  func parts(_ number: Int) -> [(name: String, part: Any)] {
    let norm: [(name: String, part: Any)] = self.norm.map { [("norm\(number)", $0)] } ?? []
    let slopes: [(name: String, part: Any)] = self.slopes.map { [("prelu\(number)", $0)] } ?? []
    return isAfter ? slopes + norm : norm + slopes
  }
}
