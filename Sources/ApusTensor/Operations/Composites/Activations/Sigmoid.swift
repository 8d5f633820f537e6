/// 1 / (1 + exp(-x)), the logistic function. Range (0, 1); the derivative is y (1 - y), at most 1/4. Without overflow:
/// -inf gives 0 and +inf gives 1; about 2 ulp. As PyTorch's `sigmoid`. Reference: Verhulst, 1845.
public func sigmoid(_ x: Tensor) -> Tensor { Tensor.record(Unary(.sigmoid), [x]) }

/// log(sigmoid(x)). Range (-inf, 0); the derivative is sigmoid(-x). Accurate for every x, where the logarithm of the
/// sigmoid itself would be -inf from x = -104 down. As PyTorch's `logsigmoid`.
public func logSigmoid(_ x: Tensor) -> Tensor { min(x, 0) - log1p(exp(-abs(x))) }

/// relu6(x + 3) / 6, a piecewise linear sigmoid. The derivative is 1/6 between -3 and 3 and 0 elsewhere. As PyTorch's
/// `hardsigmoid`. Reference: BinaryConnect; Courbariaux, Bengio, David; 2015.
public func hardSigmoid(_ x: Tensor) -> Tensor { relu6(x + 3) / 6 }
