/// A transposed 2-D convolution: the gradient of ``conv2D(_:_:bias:geometry:)`` with respect to its image, used to
/// enlarge images; PyTorch's `conv_transpose2d`.
///
/// Shapes: `[N, O, H', W']`, weights `[O, C / groups, h, w]` and bias `[C]`; gives `[N, C, H, W]` with
/// `H = (H' - 1) * stride - padding + dilation * (h - 1) + 1 + outputPadding`; the padding of both sides counts.
///
/// ```swift
/// // Twice the size: [8, 128, 14, 14] with weights [128, 64, 2, 2] gives [8, 64, 28, 28].
/// let larger = transposedConv2D(h, weights, geometry: ConvolutionGeometry(stride: 2))
/// ```
/// - Parameter outputPadding: rows and columns added below and on the right, fewer than the stride or the dilation; they
///   choose among the image sizes that a convolution maps to the same result.
public func transposedConv2D(
  _ x: Tensor, _ weights: Tensor, bias: Tensor? = nil, geometry: ConvolutionGeometry = ConvolutionGeometry(),
  outputPadding: Size2D = 0
) -> Tensor {
  func fail(_ problem: String) -> Tensor {
    Diagnostics.fail(ShapeError("transposedConv2D(\(x.type), \(weights.type)): \(problem)"), like: x.type)
  }
  guard x.rank == 4, weights.rank == 4, x.shape[1] == weights.shape[0] else {
    return fail("needs [N, O, H, W] and weights [O, C / groups, h, w]")
  }
  if let problem = problemOfTransposition(x, weights, bias, geometry, outputPadding) { return fail(problem) }
  func extent(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ extra: Int) -> Int {
    (input - 1) * stride - padding + dilation * (kernel - 1) + 1 + extra
  }
  let kernel = Size2D(weights.shape[2], weights.shape[3])
  let padding = Size2D(
    geometry.paddingLow.height + geometry.paddingHigh.height, geometry.paddingLow.width + geometry.paddingHigh.width)
  let size = Size2D(
    extent(
      x.shape[2], kernel.height, geometry.stride.height, padding.height, geometry.dilation.height, outputPadding.height),
    extent(x.shape[3], kernel.width, geometry.stride.width, padding.width, geometry.dilation.width, outputPadding.width)
  )
  guard size.isAtLeast(1) else {
    return fail("nothing would remain with \(geometry); the padding must be smaller or the image larger")
  }
  // An output padding from the stride on makes room for windows that x has no element for: zeros stand for them.
  let windows = geometry.outputSize(of: size, kernel: kernel)
  let missing = [0, 0, windows.height - x.shape[2], windows.width - x.shape[3]]
  let whole = missing.allSatisfy { $0 == 0 } ? x : x.padded(before: [0, 0, 0, 0], after: missing)
  let shape: Shape = [x.shape[0], weights.shape[1] * geometry.groups, size.height, size.width]
  let y = Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: shape), [whole, weights])
  guard let bias else { return y }
  return y + bias.reshaped(to: [1, bias.count, 1, 1] as Shape)
}

/// What is wrong with the operands and numbers of a transposed convolution, beside the ranks.
private func problemOfTransposition(
  _ x: Tensor, _ weights: Tensor, _ bias: Tensor?, _ geometry: ConvolutionGeometry, _ outputPadding: Size2D
) -> String? {
  if let problem = geometry.problem { return problem }
  guard x.dtype.isFloatingPoint, weights.dtype == x.dtype, bias.map({ $0.dtype == x.dtype }) ?? true else {
    return "images, kernels and bias must have one floating-point type; convert with cast(to:)"
  }
  guard x.shape[1] % geometry.groups == 0 else {
    return "\(x.shape[1]) input channels do not divide into \(geometry.groups) groups"
  }
  guard x.shape[2] > 0, x.shape[3] > 0, weights.shape[2] > 0, weights.shape[3] > 0 else {
    return "images and kernels must have at least one pixel"
  }
  let channels = weights.shape[1] * geometry.groups
  if let bias, bias.shape != [channels] {
    return "the bias has shape \(bias.shape), \(channels) output channels need [\(channels)]"
  }
  func fits(_ extra: Int, _ stride: Int, _ dilation: Int) -> Bool { extra >= 0 && extra < max(stride, dilation) }
  guard fits(outputPadding.height, geometry.stride.height, geometry.dilation.height),
    fits(outputPadding.width, geometry.stride.width, geometry.dilation.width)
  else {
    return "the output padding \(outputPadding) must be at least 0 and less than the stride \(geometry.stride) or the "
      + "dilation \(geometry.dilation)"
  }
  return nil
}
