import ApusTensor

/// How values are brought to a common scale.
public enum NormalizationMethod: String, Codable, Sendable, Hashable, CaseIterable {
  /// Mean 0 and standard deviation 1: `(x - mean) / deviation`.
  case standard
  /// Smallest value 0 and largest 1: `(x - min) / (max - min)`.
  case minmax
  /// As they are; bytes become 0 to 1.
  case none
}
