extension Dataset {
  /// As many samples, drawn with replacement, each equally likely: a bootstrap sample, of which about 63 % of the
  /// samples are part (Efron, 1979).
  ///
  /// ```swift
  /// let bags = (0..<5).map { data.train.bootstrapSample(seed: UInt64($0)) }     // bagging (Breiman, 1996)
  /// ```
  /// - Parameter seed: decides the draws, the same on every machine.
  public func bootstrapSample(seed: UInt64) -> Dataset {
    // A stream that neither epochs nor splits use.
    var generator = PhiloxGenerator(seed: seed, stream: 1 << 63 | 1 << 62)
    return subset((0..<count).map { _ in Int.random(in: 0..<count, using: &generator) })
  }
}
