/// x / (1 + |x|), a sigmoid with slow tails. Range (-1, 1); the derivative is 1 / (1 + |x|)^2. As PyTorch's `softsign`.
/// Reference: Quadratic features and deep architectures for chunking; Turian, Bergstra, Bengio; 2009.
public func softSign(_ x: Tensor) -> Tensor { x / (abs(x) + 1) }
