import ApusTensor

/// A limit of the length of the weights that lead into one neuron: longer ones are shortened to the limit, which keeps
/// their direction (Srebro, Rennie, Jaakkola, 2005; with dropout: Srivastava et al., 2014).
///
///     w_j <- w_j limit / |w_j|   where |w_j| > limit
///
/// Applied to a weight after each step; biases are left alone. The incoming weights of neuron j are row j of a dense
/// weight `[outputs, inputs]`, and kernel j of a convolution's `[outputs, inputs / groups, height, width]`; a vector
/// belongs to one neuron. Weights within the limit keep their bits. As TensorFlow's `clip_by_norm` for each neuron;
/// Keras's `MaxNorm` and `torch.renorm` divide by `|w_j| + 1e-7`.
///
/// Every row is looked at in every step, also those of a sparse ``Embedding`` that the step left alone: the limit costs as
/// much as the whole table, and takes away what `isSparse` saves.
///
/// ```swift
/// let limit = MaxNorm(3)
/// dense.weight.value = limit(dense.weight.value)     // [512, 784], every row now at most 3 long
/// ```
public struct MaxNorm: Sendable, Hashable, Codable {
  /// The largest length.
  public var limit: Double

  /// The given limit, a positive number; 3 and 4 are usual.
  public init(_ limit: Double) { self.limit = limit }

  /// Checks the limit.
  ///
  /// - Throws: ``SettingError`` when it is not a positive number.
  public func validate() throws(SettingError) { try SettingError.check("the max-norm limit", positive: limit) }

  /// The weight with the incoming weights of each neuron no longer than the limit; same shape.
  ///
  /// - Precondition: the limit is positive.
  public func callAsFunction(_ weight: Tensor) -> Tensor {
    guard limit > 0 else {
      return Diagnostics.fail(ShapeError("MaxNorm: the limit must be positive, got \(limit)"), like: weight.type)
    }
    let norms = weight.norm(alongAxes: Array(min(1, max(weight.rank - 1, 0))..<weight.rank))
    return (weight * (limit / norms)).selected(where: norms .> limit, otherwise: weight)
  }
}
