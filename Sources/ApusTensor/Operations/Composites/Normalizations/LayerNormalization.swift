/// Layer normalization: each sample's features get mean 0 and variance 1, then each feature its scale and shift.
///
///     y = (x - mean) / sqrt(variance + epsilon) scale + shift
///
/// Mean and biased variance are those over the last axes. Shapes: `[..., features]`, kept; `scale` and `shift` of the last
/// axes' shape or nil. The gradient is that of batch normalization of one channel a sample, whose kernel computes it. As
/// PyTorch's `layer_norm`.
///
/// Reference: Layer normalization; Ba, Kiros, Hinton; 2016.
///
/// - Parameter axes: how many of the last axes are normalized together.
public func layerNorm(
  _ x: Tensor, axes: Int = 1, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard axes >= 1, axes <= x.rank, x.dtype.isFloatingPoint else {
    let problem = "layerNorm(\(x.type)): needs f32 or f64 with at least the \(axes) axes to normalize, at least one"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  var y = x.standardized(lines: x.shape.dropLast(axes).reduce(1, *), epsilon: epsilon)
  if let scale { y = y * scale }
  if let shift { y = y + shift }
  return y
}
