/// Local response normalization: strong channels dampen their neighbours at the same position.
///
///     y_c = x_c / (k + a sum over the channels c' of the neighbourhood of x_c'^2)^beta
///
/// The neighbourhood of channel c is `c - size / 2 ... c + (size - 1) / 2` (whole numbers), cut at the first and last
/// channel. By default a is `alpha / size`, as in PyTorch's `local_response_norm`. With `dividesBySize: false` a is
/// `alpha`, as in the paper and the lecture notes (k = 2, alpha = 1e-4, beta = 0.75, size = 5).
///
/// Shapes: `[N, C, ...]`, kept. The gradient is that of the formula; f32 sums are taken as average pooling takes them.
///
/// Reference: ImageNet classification with deep convolutional neural networks; Krizhevsky, Sutskever, Hinton; 2012.
public func localResponseNorm(
  _ x: Tensor, size: Int = 5, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1, dividesBySize: Bool = true
) -> Tensor {
  guard x.rank >= 2, size >= 1, x.dtype.isFloatingPoint else {
    let problem = "localResponseNorm(\(x.type)): needs f32 or f64 [N, C, ...] and a size of at least 1, got \(size)"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  let factor = dividesBySize ? alpha / Double(size) : alpha
  return Tensor.record(LocalResponse(size: size, factor: factor, beta: beta, k: k), [x])
}
