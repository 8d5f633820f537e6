import ApusData

/// How the next symbol is drawn from a model's logits.
public struct SymbolSampler: Sendable, Hashable {
  /// Logits are divided by it: below 1 likely symbols become likelier, 0 always takes the likeliest.
  public let temperature: Double
  /// Only so many of the likeliest symbols are drawn; nil for all.
  public let topK: Int?
  /// Only the likeliest symbols are drawn that together have this probability (Holtzman et al., 2020); 1 for all.
  public let topP: Double

  /// A way of drawing.
  ///
  /// - Throws: ``TrainingError`` when a number is impossible.
  public init(temperature: Double = 1, topK: Int? = nil, topP: Double = 1) throws {
    guard temperature >= 0, temperature.isFinite else {
      throw TrainingError.impossible("--temperature", temperature, "a number of at least 0")
    }
    if let topK, topK < 1 { throw TrainingError.impossible("--top-k", topK, "a whole number of at least 1") }
    guard topP > 0, topP <= 1 else { throw TrainingError.impossible("--top-p", topP, "above 0 and at most 1") }
    (self.temperature, self.topK, self.topP) = (temperature, topK, topP)
  }

  /// Draws a symbol.
  ///
  /// - Parameters:
  ///   - logits: one for each symbol.
  ///   - excluded: symbols that are never drawn.
  /// - Precondition: a symbol that is not excluded.
  public func draw(
    from logits: [Float], excluding excluded: [Int] = [], by generator: inout some RandomNumberGenerator
  ) -> Int {
    var logits = logits
    for index in excluded { logits[index] = -.infinity }
    let likeliest = logits.indices.max { logits[$0] < logits[$1] } ?? 0
    guard temperature > 0 else { return likeliest }
    let largest = logits[likeliest]
    var weights = logits.map { exponential(Double($0 - largest) / temperature) }
    if topK != nil || topP < 1 {
      let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
      let total = weights.reduce(0, +)
      var (kept, sum) = (0, 0.0)
      while kept < min(topK ?? order.count, order.count), kept == 0 || sum < topP * total {
        sum += weights[order[kept]]
        kept += 1
      }
      for index in order.dropFirst(kept) { weights[index] = 0 }
    }
    var left = Double.random(in: 0..<1, using: &generator) * weights.reduce(0, +)
    for (index, weight) in weights.enumerated() where weight > 0 {
      left -= weight
      if left < 0 { return index }
    }
    return likeliest
  }
}
