/// max(x, 0), the rectified linear unit. Range `[0, inf)`; the derivative is 1 where x > 0 and 0 elsewhere, also at 0.
/// Exact. As PyTorch's `relu`. Reference: Rectified linear units improve restricted Boltzmann machines; Nair, Hinton; 2010.
public func relu(_ x: Tensor) -> Tensor { Tensor.record(Unary(.rectify), [x]) }

/// min(max(x, 0), 6). The derivative is 1 between 0 and 6 and 0 elsewhere. Exact. As PyTorch's `relu6`.
/// Reference: MobileNets; Howard et al.; 2017.
public func relu6(_ x: Tensor) -> Tensor { hardTanh(x, 0...6) }
