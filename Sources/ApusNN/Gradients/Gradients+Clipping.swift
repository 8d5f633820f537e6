import ApusTensor

/// The order of a norm.
public enum NormOrder: String, Sendable, CaseIterable, Codable {
  /// The sum of magnitudes.
  case one
  /// The root of the sum of squares.
  case two
  /// The largest magnitude.
  case infinity
}

extension Gradients {
  /// The norm of all gradients taken together as one vector, a scalar.
  public func globalNorm(_ order: NormOrder = .two) -> Tensor {
    let parts = tensors.map { Self.power($0, order) }
    guard var total = parts.first else { return Tensor(repeating: 0, shape: [], dtype: value.dtype) }
    for part in parts.dropFirst() { total = order == .infinity ? max(total, part) : total + part }
    return order == .two ? sqrt(total) : total
  }

  /// Gradients scaled down together so that their common norm is at most `limit`.
  ///
  /// Each is multiplied by `min(1, limit / (norm + 1e-6))`, as `clip_grad_norm_` of PyTorch does.
  ///
  /// Reference: On the difficulty of training recurrent neural networks; Pascanu, Mikolov, Bengio; 2013.
  ///
  /// - Precondition: `limit` is positive.
  public func clipped(globalNorm limit: Double, order: NormOrder = .two) -> Gradients {
    guard Self.isValid(limit, "globalNorm") else { return self }
    let factor = min(limit / (globalNorm(order) + 1e-6), 1)
    return map { $0 * factor }
  }

  /// Each gradient scaled down on its own so that its norm is at most `limit`: times `min(1, limit / (norm + 1e-6))`.
  ///
  /// - Precondition: `limit` is positive.
  public func clipped(norm limit: Double, order: NormOrder = .two) -> Gradients {
    guard Self.isValid(limit, "norm") else { return self }
    return map { tensor in
      let power = Self.power(tensor, order)
      return tensor * min(limit / ((order == .two ? sqrt(power) : power) + 1e-6), 1)
    }
  }

  /// Each element limited to `-limit ... limit`.
  ///
  /// - Precondition: `limit` is positive.
  public func clipped(value limit: Double) -> Gradients {
    guard Self.isValid(limit, "value") else { return self }
    return map { $0.clamped(to: -limit...limit) }
  }

  private static func power(_ tensor: Tensor, _ order: NormOrder) -> Tensor {
    switch order {
    case .one: abs(tensor).sum()
    case .two: tensor.squared().sum()
    case .infinity: abs(tensor).max()
    }
  }

  private static func isValid(_ limit: Double, _ name: String) -> Bool {
    if limit > 0 { return true }
    _ = Diagnostics.fail(ShapeError("clipped(\(name):) needs a positive limit, got \(limit)"), like: nil)
    return false
  }
}
