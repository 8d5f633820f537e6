/// x sigmoid(x), also called swish. The derivative is s + y (1 - s) with s = sigmoid(x); the least value is about -0.278.
/// As PyTorch's `silu`. Reference: Searching for activation functions; Ramachandran, Zoph, Le; 2017.
public func silu(_ x: Tensor) -> Tensor { x * sigmoid(x) }

/// x relu6(x + 3) / 6, a piecewise form of ``silu(_:)``. As PyTorch's `hardswish`. Reference: Searching for MobileNetV3;
/// Howard et al.; 2019.
public func hardSwish(_ x: Tensor) -> Tensor { x * hardSigmoid(x) }
