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

/// A transposed 2-D convolution: the gradient of ``conv2D(_:_:bias:geometry:)`` with respect to its image, used to
/// enlarge images.
///
/// Shapes: `[N, O, H', W']` and weights `[O, C / groups, h, w]`; gives `[N, C, H, W]` with
/// `H = (H' - 1) * stride - padding + dilation * (h - 1) + 1 + outputPadding`.
///
/// - Parameter outputPadding: rows and columns added below and on the right, fewer than the stride; they choose among
///   the image sizes that a convolution maps to the same result.
public func transposedConv2D(
  _ x: Tensor, _ weights: Tensor, bias: Tensor? = nil, geometry: ConvolutionGeometry = ConvolutionGeometry(),
  outputPadding: Size2D = 0
) -> Tensor {
  guard x.rank == 4, weights.rank == 4, x.shape[1] == weights.shape[0] else {
    let problem = "transposedConv2D(\(x.type), \(weights.type)): needs [N, O, H, W] and weights [O, C / groups, h, w]"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  func extent(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ extra: Int) -> Int {
    Swift.max((input - 1) * stride - padding + dilation * (kernel - 1) + 1 + extra, 0)
  }
  let shape: Shape = [
    x.shape[0], weights.shape[1] * geometry.groups,
    extent(
      x.shape[2], weights.shape[2], geometry.stride.height, geometry.paddingLow.height + geometry.paddingHigh.height,
      geometry.dilation.height, outputPadding.height),
    extent(
      x.shape[3], weights.shape[3], geometry.stride.width, geometry.paddingLow.width + geometry.paddingHigh.width,
      geometry.dilation.width, outputPadding.width),
  ]
  let kernel = Size2D(weights.shape[2], weights.shape[3])
  guard geometry.problem == nil, outputPadding.isAtLeast(0),
    geometry.outputSize(of: Size2D(shape[2], shape[3]), kernel: kernel) == Size2D(x.shape[2], x.shape[3])
  else {
    let problem =
      "transposedConv2D(\(x.type), \(weights.type)): not possible with output padding \(outputPadding) and "
      + "\(geometry); the output padding must be less than the stride"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  let y = Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: shape), [x, weights])
  guard let bias else { return y }
  return y + bias.reshaped(to: [1, bias.count, 1, 1] as Shape)
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
