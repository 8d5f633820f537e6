/// Group normalization: in each sample the channels of a group get mean 0 and variance 1 together, over all their
/// positions, then each channel its scale and shift.
///
///     y = (x - mean) / sqrt(variance + epsilon) scale + shift
///
/// Shapes: `[N, C, ...]`, kept; `scale` and `shift` `[C]` or nil. The variance is the biased one. One group is layer
/// normalization over all channels and positions, C groups are instance normalization. Computed as batch normalization
/// of `N groups` channels, so with its kernel, precision and gradient. As PyTorch's `group_norm`.
///
/// Reference: Group normalization; Wu, He; 2018.
public func groupNorm(
  _ x: Tensor, groups: Int, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  guard x.rank >= 2, groups > 0, x.shape[1] % groups == 0, x.dtype.isFloatingPoint else {
    let problem = "groupNorm(\(x.type)): needs f32 or f64 [N, C, ...] with channels that \(groups) groups divide"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  var y = x.standardized(lines: x.shape[0] * groups, epsilon: epsilon)
  let perChannel = Shape([x.shape[1]] + [Int](repeating: 1, count: x.rank - 2))
  if let scale { y = y * scale.reshaped(to: perChannel) }
  if let shift { y = y + shift.reshaped(to: perChannel) }
  return y
}

extension Tensor {
  /// Each of so many equal parts of the elements, in row-major order, with mean 0 and variance 1.
  func standardized(lines: Int, epsilon: Double) -> Tensor {
    guard count > 0 else { return self }
    let view = reshaped(to: [1, lines, count / lines] as Shape)
    let (ones, zeros) = (Tensor.ones([lines], dtype: dtype), Tensor.zeros([lines], dtype: dtype))
    return batchNorm(view, scale: ones, shift: zeros, epsilon: epsilon).y.reshaped(to: shape)
  }
}
