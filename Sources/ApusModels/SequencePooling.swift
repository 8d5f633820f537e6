import ApusTensor

/// How the outputs of all steps of recurrent layers in both directions become one vector.
public enum SequencePooling: String, Sendable, Hashable, CaseIterable {
  /// Their mean.
  case mean
  /// The largest of each feature.
  case max
  /// The states at both ends.
  case last

  /// The vector `[N, outputs]`.
  ///
  /// - Parameters:
  ///   - outputs: `[T, N, outputs]`, 0 after a sequence's end.
  ///   - states: those after the last step of each direction.
  ///   - ends: where sequences are of different lengths, which steps are inside, `[T, N]`, and the lengths `[N]`.
  func vector(of outputs: Tensor, _ states: [Tensor], ends: (isInside: Tensor, lengths: Tensor)? = nil) -> Tensor {
    switch self {
    case .mean:
      guard let ends else { return outputs.mean(squeezingAxes: 0) }
      let counts = ends.lengths.cast(to: outputs.dtype).expandingShape(at: 1)
      return outputs.sum(squeezingAxes: 0) / counts.clamped(above: 1)
    case .max:
      guard let ends else { return outputs.max(squeezingAxes: 0) }
      let lowest = Tensor(repeating: -1e9, shape: [], dtype: outputs.dtype)
      return outputs.selected(where: ends.isInside.expandingShape(at: 2), otherwise: lowest).max(squeezingAxes: 0)
    case .last:
      let last = states[0].shape[0]
      return concatenate([states[0][last - 2], states[0][last - 1]], axis: 1)
    }
  }
}
