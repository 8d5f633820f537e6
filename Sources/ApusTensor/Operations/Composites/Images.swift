// Operations on images [N, C, H, W].

/// A 2-D convolution (cross-correlation, as every deep-learning library means it).
///
/// Shapes: image `[N, C, H, W]`, weights `[O, C / groups, h, w]`, bias `[O]`; gives `[N, O, H', W']` with
/// `H' = (H + padding - dilation * (h - 1) - 1) / stride + 1`, rounded down; the padding of both sides counts.
///
/// ```swift
/// let y = conv2D(x, weights, bias: b, geometry: ConvolutionGeometry(stride: 2, paddingLow: 1))
/// ```
public func conv2D(
  _ x: Tensor, _ weights: Tensor, bias: Tensor? = nil, geometry: ConvolutionGeometry = ConvolutionGeometry()
) -> Tensor {
  let operation = Convolution(geometry: geometry, hasBias: bias != nil)
  return Tensor.record(operation, [x, weights] + (bias.map { [$0] } ?? []))
}

/// Batch normalization with the statistics of the batch: `(x - mean) / sqrt(variance + epsilon) * scale + shift`.
///
/// Shapes: `x` `[N, C, ...]`, `scale` and `shift` `[C]`. Also gives the means and the biased variances, `[C]`, of each
/// channel. Reference: Ioffe and Szegedy, 2015.
public func batchNorm(
  _ x: Tensor, scale: Tensor, shift: Tensor, epsilon: Double = 1e-5
) -> (y: Tensor, mean: Tensor, variance: Tensor) {
  let outputs = Tensor.recordAll(BatchNormTraining(epsilon: epsilon), [x, scale, shift])
  return (outputs[0], outputs[1], outputs[2])
}

/// Batch normalization with given statistics, for inference; shapes as ``batchNorm(_:scale:shift:epsilon:)``.
public func batchNorm(
  _ x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor, epsilon: Double = 1e-5
) -> Tensor {
  guard x.rank >= 2, [scale, shift, mean, variance].allSatisfy({ $0.shape == [x.shape[1]] }) else {
    let problem = "batchNorm(\(x.type)): scale, shift, mean and variance must be [\(x.rank > 1 ? x.shape[1] : 0)]"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  let channels = Shape((0..<x.rank).map { $0 == 1 ? x.shape[1] : 1 })
  let factor = scale * (variance + epsilon).reciprocalSquareRoot()
  let offset = shift - mean * factor
  return x * factor.reshaped(to: channels) + offset.reshaped(to: channels)
}
