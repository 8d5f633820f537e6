import ApusData
import ApusModels
import ApusNN
import ApusTensor

/// Finding the likeliest targets of sources: the best few beginnings of each are carried on, symbol by symbol.
///
/// A width of 1 is the greedy search. Ended targets are ranked by `log p / length^a` (the end counts as a symbol): a = 0
/// prefers short ones, a = 1 compares the mean over the symbols.
///
/// ```swift
/// let search = try BeamSearch(width: 5, lengthPenalty: 1)
/// let found = search.targets(of: sources, by: model, start: 2, end: 3, longest: [40, 40])
/// ```
/// Reference: Sequence transduction with recurrent neural networks; Graves; 2012
public struct BeamSearch: Sendable, Hashable {
  /// A target that was found.
  public struct Target: Sendable, Hashable {
    /// Its symbols without start and end.
    public let numbers: [Int32]
    /// The natural logarithm of its probability, the end included.
    public let logProbability: Double
    /// Of each symbol, and of the end, how much was looked at each step of the source; empty without attention.
    public let weights: [[Float]]
  }

  /// How many beginnings of each source are carried on.
  public let width: Int
  /// a.
  public let lengthPenalty: Double

  /// A search.
  ///
  /// - Throws: ``TrainingError`` when a number is impossible.
  public init(width: Int = 1, lengthPenalty: Double = 1) throws {
    guard (1...256).contains(width) else {
      throw TrainingError.impossible("--beam", width, "a whole number from 1 to 256")
    }
    guard lengthPenalty >= 0, lengthPenalty.isFinite else {
      throw TrainingError.impossible("--length-penalty", lengthPenalty, "a number of at least 0")
    }
    (self.width, self.lengthPenalty) = (width, lengthPenalty)
  }

  /// A beginning of a target, and the row of the batch that its states are in.
  private struct Beginning {
    var numbers: [Int32]
    var logProbability: Double
    var row: Int
    var weights: [[Float]]

    func target(hasEnded: Bool) -> Target {
      Target(
        numbers: hasEnded ? Array(numbers.dropLast()) : numbers, logProbability: logProbability, weights: weights)
    }
  }

  /// The likeliest target of each source.
  ///
  /// - Parameters:
  ///   - sources: numbers of symbols `[N, S]`, padded with 0.
  ///   - start: what stands before a target.
  ///   - end: what ends it.
  ///   - excluded: symbols that no target has.
  ///   - longest: symbols of each source's target at most; one that has not ended by then counts only where none has.
  ///   - keepsWeights: whether to keep what attention looked at.
  public func targets(
    of sources: HostArray, by model: Translator, start: Int32, end: Int32, excluding excluded: [Int32] = [],
    longest: [Int], keepsWeights: Bool = false
  ) -> [Target] {
    let count = sources.shape[0]
    var (source, states) = withInference { model.encoded(Tensor(sources)) }
    let places = Tensor((0..<count * width).map { Int32($0 / width) })
    source = source.rows(places)
    states = states.map { $0.gathered(at: places, axis: 1) }
    realize(source.tensors + states)
    let dropped = Set(excluded + [start])
    var alive = (0..<count).map { [Beginning(numbers: [], logProbability: 0, row: $0 * width, weights: [])] }
    var ended = [[Target]](repeating: [], count: count)
    var cut = [Target?](repeating: nil, count: count)
    for length in 0..<max(longest.max() ?? 1, 1) where alive.contains(where: { !$0.isEmpty }) {
      var (given, rows) = ([Int32](repeating: start, count: count * width), (0..<Int32(count * width)).map { $0 })
      for (sentence, beginnings) in alive.enumerated() {
        for (place, beginning) in beginnings.enumerated() {
          given[sentence * width + place] = beginning.numbers.last ?? start
          rows[sentence * width + place] = Int32(beginning.row)
        }
      }
      let order = Tensor(rows)
      let step = withInference {
        model.next(Tensor(given), states.map { $0.gathered(at: order, axis: 1) }, source)
      }
      let logarithms = logSoftmax(step.logits)
      realize([logarithms] + step.states + (keepsWeights ? step.weights.map { [$0] } ?? [] : []))
      states = step.states
      let values = logarithms.scalars(as: Float.self)
      let weights = keepsWeights ? step.weights?.hostArray() : nil
      let looked = weights?.scalars(as: Float.self) ?? []
      let steps = weights?.shape[1] ?? 0
      for sentence in alive.indices where !alive[sentence].isEmpty {
        let found = extended(alive[sentence], sentence, values, model.targets, dropped) { row in
          Array(looked[row * steps..<(row + 1) * steps])
        }
        alive[sentence] = []
        for beginning in found where alive[sentence].count < width {
          if beginning.numbers.last == end {
            ended[sentence].append(beginning.target(hasEnded: true))
          } else if length + 1 < longest[sentence] {
            alive[sentence].append(beginning)
          } else if cut[sentence] == nil {
            cut[sentence] = beginning.target(hasEnded: false)
          }
        }
        if ended[sentence].count >= width { alive[sentence] = [] }
      }
    }
    let nothing = Target(numbers: [], logProbability: -.infinity, weights: [])
    return zip(ended, cut).map { best($0) ?? $1 ?? nothing }
  }

  /// The likeliest beginnings that are one symbol longer: as many as can fill the beam beside as many that end.
  private func extended(
    _ beginnings: [Beginning], _ sentence: Int, _ values: [Float], _ symbols: Int, _ dropped: Set<Int32>,
    _ looked: (Int) -> [Float]
  ) -> [Beginning] {
    var candidates: [(place: Int, number: Int32, logProbability: Double)] = []
    let most = 2 * width
    for (place, beginning) in beginnings.enumerated() {
      let base = (sentence * width + place) * symbols
      for number in 0..<symbols {
        let total = beginning.logProbability + Double(values[base + number])
        if candidates.count == most, total <= candidates[most - 1].logProbability { continue }
        guard !dropped.contains(Int32(number)) else { continue }
        let position = candidates.firstIndex { $0.logProbability < total } ?? candidates.count
        candidates.insert((place, Int32(number), total), at: position)
        if candidates.count > most { candidates.removeLast() }
      }
    }
    return candidates.map { candidate in
      let before = beginnings[candidate.place]
      let row = sentence * width + candidate.place
      return Beginning(
        numbers: before.numbers + [candidate.number], logProbability: candidate.logProbability, row: row,
        weights: before.weights + (looked(row).isEmpty ? [] : [looked(row)]))
    }
  }

  private func best(_ targets: [Target]) -> Target? {
    func rank(_ target: Target) -> Double {
      let length = Double(target.numbers.count + 1)
      return target.logProbability / exponential(lengthPenalty * logarithm(length))
    }
    return targets.max { rank($0) < rank($1) }
  }
}
