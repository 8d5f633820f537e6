extension Metric {
  /// `topK_accuracy`: the fraction of samples whose class is among the k classes with the largest outputs.
  ///
  /// A class is among them when fewer than k classes come before it: those with a larger output, and those with an equal
  /// one and a lower number. With as many classes as k or fewer it is 1. scikit-learn: `top_k_accuracy_score`; Keras:
  /// `SparseTopKCategoricalAccuracy`.
  ///
  /// - Precondition: `k` is at least 1.
  public static func topK(_ k: Int) -> Metric {
    precondition(k >= 1, "the accuracy of the best \(k) classes: choose at least 1")
    return Metric("top\(k)_accuracy", for: [.classification]) { TopKAccuracy(k: k) }
  }
}

private struct TopKAccuracy: StreamingMetric {
  let k: Int
  private var right = 0
  private var count = 0

  init(k: Int) { self.k = k }

  mutating func add(_ batch: JudgedBatch) {
    batch.outputs.withUnsafeBufferPointer { outputs in
      for (sample, label) in batch.labels.enumerated() {
        let row = outputs[sample * batch.width..<(sample + 1) * batch.width]
        let own = row[row.startIndex + label]
        var before = 0
        for (number, value) in row.enumerated() where value > own || value == own && number < label { before += 1 }
        if before < k, !own.isNaN { right += 1 }
      }
    }
    count += batch.count
  }

  var value: Double { count == 0 ? 0 : Double(right) / Double(count) }
}
