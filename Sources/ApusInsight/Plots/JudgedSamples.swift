import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// What a run makes of single samples of the part it is judged on.
struct JudgedSamples {
  /// A sample that was classified.
  struct Sample: Hashable {
    /// Its number in the part.
    let index: Int
    /// The class it is of.
    let actual: Int
    /// The class it was taken for.
    let predicted: Int
    /// How sure the model was of that, 0 to 1.
    let probability: Double
    /// The probability of the right class.
    let actualProbability: Double
  }

  /// How many samples are judged at most.
  static let most = 10_000

  /// The name of the part.
  let part: String
  /// The samples of the part.
  let data: Dataset
  /// What was predicted, for classes.
  let samples: [Sample]
  /// Predicted and true values of the first output, for numbers.
  let values: (predicted: [Double], actual: [Double])

  /// Judges the first samples of the part.
  ///
  /// Where pixels have classes, or the symbols of a text are predicted, there are no samples to tell of.
  ///
  /// - Throws: as `SavedRun.evaluate`.
  init(_ run: SavedRun) throws {
    let judging = try run.part(on: nil)
    (part, data) = (judging.name, judging.samples)
    let count = min(data.count, Self.most)
    let shown = count < data.count ? data.subset(Array(0..<count)) : data
    guard !data.hasPixelLabels, !data.hasSymbolTargets else {
      (samples, values) = ([], ([], []))
      return
    }
    var samples: [Sample] = []
    var (predicted, actual): ([Double], [Double]) = ([], [])
    let batches = shown.batches(
      of: max(min(256, (1 << 22) / data.sampleShape.elementCount), 1), shuffle: false,
      normalization: run.configuration.normalization)
    for batch in batches {
      let outputs = withInference { run.model(Tensor(batch.inputs)) }.hostArray()
      let unscaled = run.unscaling ?? { $0 }
      let rows = unscaled(outputs).scalars(as: Double.self)
      let width = max(rows.count / max(batch.count, 1), 1)
      if data.classCount > 0 {
        let labels = batch.targets.scalars(as: Int32.self)
        for row in 0..<batch.count {
          let logits = Array(rows[row * width..<(row + 1) * width])
          samples.append(Self.sample(samples.count, Int(labels[row]), logits))
        }
      } else {
        let targets = unscaled(batch.targets).scalars(as: Double.self)
        let columns = max(targets.count / max(batch.count, 1), 1)
        predicted += (0..<batch.count).map { rows[$0 * width] }
        actual += (0..<batch.count).map { targets[$0 * columns] }
      }
    }
    try batches.check()
    (self.samples, values) = (samples, (predicted, actual))
  }

  /// Decides by the largest logit; a single one is that of class 1.
  private static func sample(_ index: Int, _ actual: Int, _ logits: [Double]) -> Sample {
    let all = logits.count == 1 ? [0, logits[0]] : logits
    let probabilities = Predictions.probabilities(all)
    let predicted = all.indices.reduce(0) { all[$1] > all[$0] ? $1 : $0 }
    return Sample(
      index: index, actual: actual, predicted: predicted, probability: probabilities[predicted],
      actualProbability: probabilities.indices.contains(actual) ? probabilities[actual] : 0)
  }

  /// Samples that were taken for a wrong class, the surest first.
  var mostConfidentlyWrong: [Sample] {
    samples.filter { $0.predicted != $0.actual }.sorted { ($1.probability, $0.index) < ($0.probability, $1.index) }
  }

  /// Samples that were classified rightly, the first of each class in turn.
  var right: [Sample] {
    var rank = [Int](repeating: 0, count: data.classCount)
    let ranked = samples.filter { $0.predicted == $0.actual }.map { sample -> (Int, Sample) in
      rank[sample.actual] += 1
      return (rank[sample.actual], sample)
    }
    return ranked.sorted { ($0.0, $0.1.actual) < ($1.0, $1.1.actual) }.map(\.1)
  }
}
