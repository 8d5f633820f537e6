/// x where |x| exceeds `limit`, 0 elsewhere. The derivative is 1 or 0. Exact. As PyTorch's `hardshrink`.
///
/// Reference: Ideal spatial adaptation by wavelet shrinkage; Donoho, Johnstone; 1994.
public func hardShrink(_ x: Tensor, limit: Double = 0.5) -> Tensor {
  choose(abs(x) .<= limit, constant(0, like: x), x)
}

/// x moved towards 0 by `limit`, and 0 where it would get beyond: the proximal step of an L1 penalty. The derivative is 1
/// where |x| exceeds `limit`, 0 elsewhere. Exact. As PyTorch's `softshrink`.
///
/// Reference: De-noising by soft-thresholding; Donoho; 1995.
public func softShrink(_ x: Tensor, limit: Double = 0.5) -> Tensor {
  choose(abs(x) .<= limit, constant(0, like: x), x - x.sign() * limit)
}
