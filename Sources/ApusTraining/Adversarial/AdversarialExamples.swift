import ApusData
import ApusNN
import ApusTensor

/// Samples that an attack turned from right to wrong, with what the network saw before and after.
struct AdversarialExamples {
  /// What is said of each.
  let described: [AttackReport.Example]
  /// The samples, normalised, `[K, ...]`.
  let originals: HostArray
  /// The same, changed.
  let changed: HostArray
  /// Their classes by number.
  let labels: [Int32]

  /// No examples.
  static let none = AdversarialExamples(
    described: [], originals: HostArray([Float](), shape: [0]), changed: HostArray([Float](), shape: [0]), labels: [])

  private init(described: [AttackReport.Example], originals: HostArray, changed: HostArray, labels: [Int32]) {
    (self.described, self.originals, self.changed, self.labels) = (described, originals, changed, labels)
  }

  /// The first samples of `data` that the model takes for what they are, but as `adversarial` has them not.
  init(
    _ model: any Layer, _ data: Dataset, _ adversarial: Dataset, normalization: Normalization, range: InputRange,
    most: Int
  ) throws {
    let before = try Self.verdicts(model, data, normalization)
    let after = try Self.verdicts(model, adversarial, nil)
    let labels = data.labels
    let chosen = labels.indices.filter {
      before[$0].index == Int(labels[$0]) && after[$0].index != Int(labels[$0])
    }.prefix(most)
    guard !chosen.isEmpty else {
      self = .none
      return
    }
    func verdict(_ found: (index: Int, probability: Double)) -> AttackReport.Verdict {
      AttackReport.Verdict(class: data.classNames[found.index], probability: found.probability)
    }
    self.init(
      described: chosen.map {
        AttackReport.Example(
          sample: $0, label: data.classNames[Int(labels[$0])], original: verdict(before[$0]),
          adversarial: verdict(after[$0]))
      },
      originals: try data.batch(Array(chosen), normalization: normalization).inputs,
      changed: try adversarial.batch(Array(chosen)).inputs, labels: chosen.map { labels[$0] })
  }

  private static func verdicts(
    _ model: any Layer, _ data: Dataset, _ normalization: Normalization?
  ) throws -> [(index: Int, probability: Double)] {
    let outputs = try ApusTraining.outputs(of: model, on: data, normalization: normalization)
    let width = outputs.shape[1]
    let values = outputs.scalars(as: Double.self)
    return (0..<data.count).map { row in
      let logits = Array(values[row * width..<(row + 1) * width])
      // One logit is that of class 1.
      let probabilities = Predictions.probabilities(width == 1 ? [0, logits[0]] : logits)
      let best = probabilities.indices.max { (probabilities[$0], $1) < (probabilities[$1], $0) } ?? 0
      return (best, probabilities[best])
    }
  }
}
