import ApusTensor

/// Where the number that keeps a divisor from 0 stands.
public enum EpsilonPlacement: String, Sendable, Hashable, Codable, CaseIterable {
  /// `sqrt(s) + epsilon`, as in PyTorch, Keras and the papers.
  case outsideRoot
  /// `sqrt(s + epsilon)`, as the lecture notes write AdaGrad, RMSProp and Adam.
  case insideRoot

  /// The divisor made of a mean of squares.
  func divisor(_ squares: Tensor, _ epsilon: Double) -> Tensor {
    switch self {
    case .outsideRoot: sqrt(squares) + epsilon
    case .insideRoot: sqrt(squares + epsilon)
    }
  }
}
