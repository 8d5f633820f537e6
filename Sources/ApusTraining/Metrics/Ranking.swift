/// Scores and whether the sample is of the positive class, from which curves over all thresholds are computed.
struct Ranking: Sendable {
  private var scores: [Double] = []
  private var isPositive: [Bool] = []

  mutating func add(_ score: Double, isPositive positive: Bool) {
    scores.append(score)
    isPositive.append(positive)
  }

  var positives: Int { isPositive.count { $0 } }

  /// Groups of equal scores, the highest first: how many positive and negative samples each has; nil when a score is not
  /// a number.
  private var groups: [(positive: Int, negative: Int)]? {
    guard !scores.contains(where: \.isNaN) else { return nil }
    var groups: [(positive: Int, negative: Int)] = []
    var last = Double.nan
    for index in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
      if scores[index] != last { groups.append((0, 0)) }
      last = scores[index]
      if isPositive[index] { groups[groups.count - 1].positive += 1 } else { groups[groups.count - 1].negative += 1 }
    }
    return groups
  }

  /// The area under the ROC curve: the probability that a positive sample has a higher score than a negative one, equal
  /// scores counting half; not a number without samples of both kinds.
  var areaUnderROC: Double {
    let positives = positives
    let pairs = Double(positives) * Double(scores.count - positives)
    guard pairs > 0, let groups else { return .nan }
    var (above, wins) = (0, 0.0)
    for group in groups {
      wins += Double(group.negative) * (Double(above) + Double(group.positive) / 2)
      above += group.positive
    }
    return wins / pairs
  }

  /// The sum over the thresholds of precision times the recall gained; 0 without positive samples.
  var averagePrecision: Double {
    let positives = positives
    guard let groups else { return .nan }
    guard positives > 0 else { return 0 }
    var (right, predicted, sum) = (0, 0, 0.0)
    for group in groups {
      right += group.positive
      predicted += group.positive + group.negative
      sum += Double(group.positive) * Double(right) / Double(predicted)
    }
    return sum / Double(positives)
  }
}

/// A metric of a ranking: of the logit of a binary task, else the mean over the classes, each against the rest by its
/// probability.
struct RankingMetric: StreamingMetric {
  private var rankings: [Ranking] = []
  private let score: @Sendable (Ranking) -> Double

  init(_ score: @escaping @Sendable (Ranking) -> Double) { self.score = score }

  mutating func add(_ batch: JudgedBatch) {
    if rankings.isEmpty { rankings = Array(repeating: Ranking(), count: batch.width) }
    for (sample, label) in batch.labels.enumerated() {
      if batch.task == .binary {
        rankings[0].add(batch.outputs[sample], isPositive: label == 1)
      } else {
        for (number, probability) in batch.probabilities(sample).enumerated() {
          rankings[number].add(probability, isPositive: label == number)
        }
      }
    }
  }

  /// The mean over the classes that occur; a binary task has one ranking.
  var value: Double {
    if rankings.count == 1 { return score(rankings[0]) }
    let occurring = rankings.filter { $0.positives > 0 }
    return occurring.isEmpty ? .nan : occurring.reduce(0) { $0 + score($1) } / Double(occurring.count)
  }
}
