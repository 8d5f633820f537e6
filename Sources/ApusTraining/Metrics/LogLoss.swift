extension Metric {
  /// `log_loss`: the mean of `-log p`, where p is the probability that the outputs give the right class: the softmax, or
  /// of a binary task the sigmoid, of the logits.
  ///
  /// Whatever loss was trained with, label smoothing and class weights included, this is the plain cross-entropy, in
  /// nats. 0 without samples. Precision: from the logits in double precision, without clipping, so that hopelessly wrong
  /// predictions are told apart. scikit-learn: `log_loss`.
  public static let logLoss = Metric("log_loss", for: [.classification, .binary, .sequence], isHigherBetter: false) {
    MeanLogLoss { $0 }
  }

  /// `perplexity`: e to the power of ``logLoss``, the number of equally likely classes that would be as hard to guess; 1
  /// at best, as many as there are classes for guesses.
  public static let perplexity = Metric(
    "perplexity", for: [.classification, .binary, .sequence], isHigherBetter: false
  ) {
    MeanLogLoss(exponential)
  }

  /// `bits_per_symbol`: ``logLoss`` in bits: how many a text takes for each symbol when the predictions compress it; of a
  /// model of characters the bits per character.
  public static let bitsPerSymbol = Metric("bits_per_symbol", for: [.sequence], isHigherBetter: false) {
    MeanLogLoss { $0 / logarithm(2) }
  }
}

private struct MeanLogLoss: StreamingMetric {
  private var sum = 0.0
  private var count = 0
  private let transform: @Sendable (Double) -> Double

  init(_ transform: @escaping @Sendable (Double) -> Double) { self.transform = transform }

  mutating func add(_ batch: JudgedBatch) {
    for sample in 0..<batch.count { sum += batch.logLoss(sample) }
    count += batch.count
  }

  var value: Double { transform(count == 0 ? 0 : sum / Double(count)) }
}
