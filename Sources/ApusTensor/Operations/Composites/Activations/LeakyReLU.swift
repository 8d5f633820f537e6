/// x where it is positive, `slope` times x elsewhere: `max(x, 0) + slope min(x, 0)`. The derivative is 1 where x > 0 and
/// `slope` elsewhere, also at 0, so that no unit dies. As PyTorch's `leaky_relu`, whose slope is 0.01 by default too
/// (Keras's is 0.3).
///
/// Reference: Rectifier nonlinearities improve neural network acoustic models; Maas, Hannun, Ng; 2013.
public func leakyReLU(_ x: Tensor, slope: Double = 0.01) -> Tensor { choose(x .> 0, x, x * slope) }

/// ``leakyReLU(_:slope:)`` with a slope drawn for each element, uniformly between `lower` and `upper`; for training, where
/// it regularises. In use the mean slope takes its place. The derivative is 1 or the drawn slope. As PyTorch's `rrelu`.
///
/// Random numbers are the task's; see ``withRandomSeed(_:step:_:)``. Reference: Empirical evaluation of rectified activations
/// in convolutional network; Xu, Wang, Chen, Li; 2015.
public func randomizedLeakyReLU(_ x: Tensor, lower: Double = 1.0 / 8, upper: Double = 1.0 / 3) -> Tensor {
  guard lower <= upper else {
    let problem = "randomizedLeakyReLU: the lower slope \(lower) must be at most the upper one \(upper)"
    return Diagnostics.fail(ShapeError(problem), like: x.type)
  }
  let slopes = Tensor.randomUniform(x.shape, dtype: x.dtype) * (upper - lower) + lower
  return choose(x .> 0, x, x * slopes)
}

/// x where it is positive, a learnt slope for each channel (axis 1) times x elsewhere. The derivative with respect to a
/// slope is the sum of the channel's negative x. As PyTorch's `prelu`.
///
/// - Parameter slope: shape `[C]` for `[N, C, ...]`, or one element for all channels.
///
/// Reference: Delving deep into rectifiers; He, Zhang, Ren, Sun; 2015.
public func prelu(_ x: Tensor, slope: Tensor) -> Tensor {
  let perChannel =
    slope.count == 1 || x.rank < 2
    ? slope.reshaped(to: slope.count == 1 ? [] : slope.shape)
    : slope.reshaped(to: Shape((1..<x.rank).map { $0 == 1 ? slope.count : 1 }))
  return choose(x .> 0, x, x * perChannel)
}
