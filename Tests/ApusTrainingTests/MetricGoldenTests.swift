import Apus
import Foundation
import GoldenFiles
import Testing

@testable import ApusTraining

/// Every metric beside scikit-learn's value; Tests/Golden/make_metrics.py made the file.
@Suite struct MetricGoldenTests {
  struct Case: Decodable {
    struct PerClass: Decodable {
      var precision: [Double]
      var recall: [Double]
      var f1: [Double]
      var samples: [Int]
    }
    var task: PredictionTask
    var outputs: [[Double]]
    var labels: [Int32]?
    var targets: [[Double]]?
    var metrics: [String: Double?]
    var confusion: [[Int]]?
    var perClass: PerClass?

    private enum CodingKeys: String, CodingKey {
      case task, outputs, labels, targets, metrics, confusion
      case perClass = "per_class"
    }

    /// Samples of a range as a batch.
    func batch(_ range: Range<Int>) throws -> JudgedBatch {
      let values = Array(outputs[range])
      let array = HostArray(values.flatMap { $0 }, shape: [range.count, values[0].count])
      let right =
        if let labels {
          HostArray(Array(labels[range]), shape: [range.count])
        } else {
          HostArray(targets![range].flatMap { $0 }, shape: array.shape)
        }
      return try JudgedBatch(outputs: array, targets: right, task: task)
    }
  }

  static let cases: [String: Case] = {
    let data = FileManager.default.contents(atPath: GoldenFile.folder + "/metrics.json") ?? Data()
    return (try? JSONDecoder().decode([String: Case].self, from: data)) ?? [:]
  }()

  private func expectEqual(_ a: Double, _ b: Double?, _ what: String) {
    guard let b else { return #expect(a.isNaN, "\(what): \(a)") }
    #expect(abs(a - b) <= 1e-10 * max(abs(b), 1), "\(what): \(a), scikit-learn has \(b)")
  }

  @Test func fileIsThere() { #expect(Self.cases.count == 16) }

  @Test(arguments: cases.keys.sorted()) func valuesAreScikitLearns(_ name: String) throws {
    let golden = try #require(Self.cases[name])
    let whole = try golden.batch(0..<golden.outputs.count)
    for (key, expected) in golden.metrics {
      let metric = try Metric.named(key)
      #expect(metric.tasks.contains(golden.task))
      var state = metric.started()
      state.add(whole)
      expectEqual(state.value, expected, "\(name): \(metric.name)")
      // The same samples in batches of uneven sizes.
      var parts = metric.started()
      var start = 0
      for size in [1, 7, 3, golden.outputs.count] where start < golden.outputs.count {
        let end = min(start + size, golden.outputs.count)
        parts.add(try golden.batch(start..<end))
        start = end
      }
      if state.value.isNaN { #expect(parts.value.isNaN) } else { expectEqual(parts.value, state.value, "parts") }
    }
  }

  @Test func everyMetricHasACase() throws {
    let covered = Set(Self.cases.values.flatMap { $0.metrics.keys })
    // That of pixels is in SegmentationTests, that of symbols in TextTrainingTests.
    for name in Metric.names where !["topK_accuracy", "mean_iou", "bits_per_symbol"].contains(name) {
      #expect(covered.contains(name), "\(name)")
    }
    for task in PredictionTask.allCases {
      for metric in Metric.all(for: task, classCount: 10) { #expect(metric.tasks.contains(task), "\(metric.name)") }
    }
  }

  @Test(arguments: cases.keys.filter { cases[$0]?.confusion != nil }.sorted())
  func confusionMatrixIsScikitLearns(_ name: String) throws {
    let golden = try #require(Self.cases[name])
    var matrix = ConfusionMatrix(classNames: [])
    matrix.add(try golden.batch(0..<golden.outputs.count))
    #expect(matrix.counts == golden.confusion)
    let expected = try #require(golden.perClass)
    for (number, report) in matrix.perClass.enumerated() {
      expectEqual(report.precision, expected.precision[number], "\(name): precision of \(number)")
      expectEqual(report.recall, expected.recall[number], "\(name): recall of \(number)")
      expectEqual(report.f1, expected.f1[number], "\(name): F1 of \(number)")
      #expect(report.samples == expected.samples[number])
    }
  }
}

@Suite struct MetricTests {
  @Test func unknownNamesGetTheNearest() {
    for (wrong, right) in [("f_1", "f1"), ("acuracy", "accuracy"), ("rocauc", "roc_auc"), ("rsme", "rmse")] {
      #expect {
        try Metric.named(wrong)
      } throws: {
        "\($0)".contains("did you mean") && "\($0)".contains(right)
      }
    }
    #expect(throws: TrainingError.self) { try Metric.named("top0_accuracy") }
    #expect(throws: TrainingError.self) { try Metric.named("top_accuracy") }
    #expect((try? Metric.named("top12_accuracy"))?.name == "top12_accuracy")
  }

  @Test func withoutSamplesNothingIsInfinite() {
    for task in PredictionTask.allCases {
      for metric in Metric.all(for: task, classCount: 3) {
        let value = metric.started().value
        #expect(value.isFinite || ["roc_auc", "average_precision"].contains(metric.name), "\(metric.name)")
      }
    }
  }

  @Test func softTargetsCountAsTheHeaviestClass() throws {
    let outputs = HostArray([Float(2), 1, 0, 0, 3, 1], shape: [2, 3])
    let soft = HostArray([Float(0.6), 0.4, 0, 0.1, 0.2, 0.7], shape: [2, 3])
    let batch = try JudgedBatch(outputs: outputs, targets: soft, task: .classification)
    #expect(batch.labels == [0, 2] && batch.predicted == [0, 1])
    #expect(Predictions.correct(outputs, soft, .classification) == 1)
    #expect(Predictions.correct(outputs, soft, nil) == nil)
    let probabilities = HostArray([Float(0.9), 0.2], shape: [2, 1])
    let logits = HostArray([Float(0.1), 0.1], shape: [2, 1])
    #expect(try JudgedBatch(outputs: logits, targets: probabilities, task: .binary).labels == [1, 0])
    #expect(Predictions.correct(logits, HostArray([Int32(1), 0], shape: [2]), nil) == 1)
  }

  @Test func misfitsAreSentences() throws {
    let labels = HostArray([Int32(0), 3], shape: [2])
    let logits = HostArray([Float](repeating: 0, count: 6), shape: [2, 3])
    #expect(throws: TrainingError.self) { try JudgedBatch(outputs: logits, targets: labels, task: .classification) }
    #expect(throws: TrainingError.self) { try JudgedBatch(outputs: logits, targets: labels, task: .binary) }
    #expect(throws: TrainingError.self) { try JudgedBatch(outputs: logits, targets: labels, task: .regression) }
    #expect {
      try Metric.check([.accuracy, .r2], .classification)
    } throws: {
      "\($0)".hasPrefix("metric 'r2': judges regression") && "\($0)".contains("f1")
    }
  }

  @Test func perfectAndHopelessLogits() throws {
    let labels = HostArray([Int32(0), 1], shape: [2])
    let sure = HostArray([Double(1e4), -1e4, -1e4, 1e4], shape: [2, 2])
    var loss = Metric.logLoss.started()
    loss.add(try JudgedBatch(outputs: sure, targets: labels, task: .classification))
    #expect(loss.value == 0)
    var wrong = Metric.logLoss.started()
    let flipped = HostArray([Double(1e4), -1e4], shape: [2, 1])
    wrong.add(try JudgedBatch(outputs: flipped, targets: labels, task: .binary))
    #expect(wrong.value == 1e4)
  }

  @Test func ownMetrics() throws {
    struct Doubled: StreamingMetric {
      var sum = 0.0
      mutating func add(_ batch: JudgedBatch) { sum += 2 * Double(batch.count) }
      var value: Double { sum }
    }
    let metric = Metric("doubled", for: [.classification]) { Doubled() }
    let data = try points(50)
    let judged = try evaluate(
      network(), on: data, loss: { crossEntropy($0, $1) }, metrics: [metric, .topK(1)], normalization: nil,
      batchSize: 20)
    #expect(judged.metrics.map(\.name) == ["doubled", "top1_accuracy"])
    #expect(judged["doubled"] == 100)
    #expect(judged["top1_accuracy"] == judged.accuracy)
    #expect(judged["f1"] == nil)
  }
}

/// Evaluation of every task.
@Suite struct EvaluationTests {
  /// A network with given weights.
  private func linear(_ weights: [Float], _ bias: [Float]) throws -> Sequential {
    let model = Sequential { Dense(2, bias.count) }
    try model.restore(
      ModelSnapshot([
        "0.weight": Tensor(HostArray(weights, shape: [bias.count, 2])),
        "0.bias": Tensor(HostArray(bias, shape: [bias.count])),
      ]))
    return model
  }

  @Test func binaryThresholdIsZero() throws {
    let data = try points(60)
    let model = try linear([1, 0], [0])
    let loss: LossFunction = {
      binaryCrossEntropy(logits: $0, $1.cast(to: .float32).reshaped(to: $0.shape))
    }
    let judged = try evaluate(model, on: data, loss: loss, normalization: nil)
    #expect(judged.accuracy == 1 && judged["f1"] == 1 && judged["roc_auc"] == 1)
    #expect(judged.confusion?.counts == [[30, 0], [0, 30]])
    #expect(judged.confusion?.classNames == ["left", "right"])
    let shifted = try evaluate(linear([1, 0], [-10]), on: data, loss: loss, normalization: nil)
    #expect(shifted["recall"] == 0 && shifted["precision"] == 0 && shifted["roc_auc"] == 1)
    // A network with three outputs is neither for two classes.
    #expect(throws: TrainingError.self) {
      try evaluate(linear([1, 0, 1, 1, 0, 1], [0, 0, 0]), on: data, loss: loss, normalization: nil)
    }
  }

  @Test func regressionInOriginalUnits() throws {
    let inputs: [Float] = (0..<40).flatMap { [Float($0), Float(1)] }
    let targets = (0..<40).map { Float($0) * 2 + 3 }
    let data = try Dataset(
      name: "line", inputs: HostArray(inputs, shape: [40, 2]), targets: HostArray(targets, shape: [40, 1]),
      classNames: [])
    let judged = try evaluate(
      linear([2, 0], [2]), on: data, loss: { meanSquaredError($0, $1) }, normalization: nil, batchSize: 16,
      unscaling: { HostArray($0.scalars(as: Float.self).map { $0 * 10 }, shape: $0.shape) })
    #expect(judged.confusion == nil && judged.accuracy == nil)
    #expect(abs(judged.loss - 1) < 1e-5)
    #expect(abs((judged["rmse"] ?? 0) - 10) < 1e-4 && abs((judged["mae"] ?? 0) - 10) < 1e-4)
    #expect(abs((judged["mse"] ?? 0) - 100) < 1e-3)
    #expect((judged["r2"] ?? 0) > 0.99 && (judged["r2"] ?? 1) < 1)
    #expect(throws: TrainingError.self) {
      try evaluate(
        linear([2, 0], [2]), on: data, loss: { meanSquaredError($0, $1) }, metrics: [.accuracy], normalization: nil)
    }
  }

  @Test func recordsCarryTheMetrics() throws {
    let trainer = Trainer(
      network(), loss: { crossEntropy($0, $1) }, optimizer: Adam(learningRate: 0.01), metrics: [.f1, .topK(2)])
    let history = try trainer.fit(try points(60), validation: try points(20, seed: 3), epochs: 2)
    let last = try #require(history.last?.validationMetrics)
    #expect(Set(last.keys) == ["f1", "top2_accuracy"] && last["top2_accuracy"] == 1)
    #expect(history.last?.learningRate == 0.01)
    let text = try JSON.text(history)
    #expect(try JSON.decode([EpochRecord].self, text) == history)
    // A line of an older version.
    let old = #"{"epoch":1,"samples_per_second":5,"seconds":1,"step":9,"train_loss":0.5,"validation_loss":0.25}"#
    let record = try JSON.decode(EpochRecord.self, old)
    #expect(record.validationLoss == 0.25 && record.validationMetrics == nil && record.learningRate == nil)
    #expect(throws: TrainingError.self) {
      try Trainer(network(), loss: { crossEntropy($0, $1) }, optimizer: Adam(), metrics: [.r2]).fit(
        points(10), epochs: 1)
    }
  }
}
