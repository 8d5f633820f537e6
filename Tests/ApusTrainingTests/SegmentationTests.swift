import Apus
import Foundation
import Testing

@testable import ApusTraining

@Suite struct SegmentationTests {
  /// A case of `segmentation.json`.
  private struct Golden: Decodable {
    let shape: [Int]
    let logits: [Float]
    let labels: [Int32]
    let accuracy: Double
    let meanIou: Double
    let iou: [Double]
    let f1: Double
    let confusion: [[Int]]
  }

  private static let golden: [Golden] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/data/segmentation.json")
    guard let data = try? Data(contentsOf: file) else { return [] }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (try? decoder.decode([Golden].self, from: data)) ?? []
  }()

  @Test func metricsEqualThoseOfScikitLearn() throws {
    #expect(Self.golden.count == 2)
    for golden in Self.golden {
      let logits = HostArray(golden.logits, shape: Shape(golden.shape))
      let labels = HostArray(golden.labels, shape: Shape([golden.shape[0]] + golden.shape[2...]))
      let whole = try JudgedBatch(outputs: logits, targets: labels, task: .segmentation)
      #expect(whole.count == golden.labels.count { $0 != Dataset.ignoredLabel })
      var matrix = ConfusionMatrix(classNames: golden.iou.indices.map { "\($0)" })
      matrix.add(whole)
      #expect(matrix.counts == golden.confusion)
      for (report, iou) in zip(matrix.perClass, golden.iou) { #expect(abs(report.iou - iou) < 1e-12) }
      for (metric, value) in [(Metric.meanIoU, golden.meanIou), (.accuracy, golden.accuracy), (.f1, golden.f1)] {
        var state = metric.started()
        state.add(whole)
        #expect(abs(state.value - value) < 1e-12, "\(metric.name)")
      }
    }
    #expect(try Metric.named("mean_iou") == .meanIoU)
  }

  @Test func judgedBatchesMustFit() throws {
    let logits = HostArray([Float](repeating: 0, count: 24), shape: [1, 2, 3, 4])
    func judge(_ labels: [Int32], _ shape: Shape) throws {
      _ = try JudgedBatch(outputs: logits, targets: HostArray(labels, shape: shape), task: .segmentation)
    }
    #expect(throws: TrainingError.self) { try judge([Int32](repeating: 0, count: 12), [1, 4, 3]) }
    #expect(throws: TrainingError.self) { try judge([Int32](repeating: 2, count: 12), [1, 3, 4]) }
    try judge([Int32](repeating: -100, count: 12), [1, 3, 4])
  }

  /// Pixels of no class, and those of the ignored class, count nothing in the loss.
  @Test func ignoredPixelsCountNothing() throws {
    let values: [Float] = (0..<24).map { Float($0 * 7 % 11) / 4 - 1 }
    let labels: [Int32] = [0, 2, -100, 1, 1, -100, 0, 2]
    let (logits, targets) = (
      Tensor(HostArray(values, shape: [2, 3, 2, 2])), Tensor(HostArray(labels, shape: [2, 2, 2]))
    )
    func expected(_ isCounted: (Int32) -> Bool) -> Double {
      var terms: [Double] = []
      for (pixel, label) in labels.enumerated() where isCounted(label) {
        let (image, place) = (pixel / 4, pixel % 4)
        let row: [Double] = (0..<3).map { Double(values[image * 12 + $0 * 4 + place]) }
        let total: Double = row.reduce(0) { $0 + exp($1) }
        terms.append(log(total) - row[Int(label)])
      }
      return terms.reduce(0, +) / Double(terms.count)
    }
    let usual = LossConfiguration.usual(for: .segmentation)
    #expect(usual.name == "cross-entropy" && usual.tasks == [.classification, .segmentation, .sequence])
    #expect(abs(usual.make()(logits, targets).item() - expected { $0 != -100 }) < 1e-6)
    let without = try LossConfiguration("cross-entropy", ignoredIndex: 1)
    #expect(abs(without.make()(logits, targets).item() - expected { $0 == 0 || $0 == 2 }) < 1e-6)
  }

  /// Two convolutions that keep the size.
  private func network(_ channels: Int, classes: Int) -> Sequential {
    withRandomSeed(4) {
      Sequential {
        Conv2D(channels, 6, kernel: 3, padding: 1, activation: .relu)
        Conv2D(6, classes, kernel: 3, padding: 1)
      }
    }
  }

  /// Bright squares on a dark ground, and which pixels are theirs; the edge of each picture belongs to no class.
  private func squares(_ count: Int, size: Int = 12) throws -> Dataset {
    var generator = PhiloxGenerator(seed: 6, stream: 0)
    var (pixels, labels): ([UInt8], [Int32]) = ([], [])
    for _ in 0..<count {
      let (top, left) = (Int.random(in: 1...6, using: &generator), Int.random(in: 1...6, using: &generator))
      for y in 0..<size {
        for x in 0..<size {
          let isSquare = (top..<top + 5).contains(y) && (left..<left + 5).contains(x)
          pixels.append(UInt8((isSquare ? 150 : 40) + Int.random(in: 0...60, using: &generator)))
          labels.append(y == 0 ? Dataset.ignoredLabel : isSquare ? 1 : 0)
        }
      }
    }
    return try Dataset(
      name: "squares", inputs: HostArray(pixels, shape: [count, 1, size, size]),
      targets: HostArray(labels, shape: [count, size, size]), classNames: ["ground", "square"])
  }

  @Test func aSmallNetworkLearnsSquares() throws {
    let data = try squares(40)
    let (train, validation) = try data.split(validation: 0.25, seed: 1)
    var options = TrainingOptions()
    (options.batchSize, options.task) = (8, .segmentation)
    options.augmentation = try Augmentation("flip,crop=1")
    let trainer = Trainer(
      network(1, classes: 2), loss: LossConfiguration.usual(for: .segmentation).make(),
      optimizer: Adam(learningRate: 0.01), options: options)
    let history = try trainer.fit(train, validation: validation, epochs: 8)
    #expect(history.last?.validationMetrics?["mean_iou"] ?? 0 > 0.9)
    #expect(history.last?.trainAccuracy == nil && history.last?.validationAccuracy ?? 0 > 0.95)
    let judged = try trainer.evaluate(validation)
    #expect(judged["mean_iou"] ?? 0 > 0.9 && judged.confusion?.total == 10 * 11 * 12)
    // Logits of another size are refused on shapes alone.
    let small = Trainer(
      withRandomSeed(1) { Sequential { Conv2D(1, 2, kernel: 3) } },
      loss: LossConfiguration.usual(for: .segmentation).make(), optimizer: Adam(), options: options)
    #expect(throws: TrainingError.self) { try small.check(train, epochs: 1) }
  }

  @Test func tasksFollowTheTargets() throws {
    let data = try squares(4)
    #expect(PredictionTask.usual(for: data) == .segmentation && PredictionTask.segmentation.outputCount(for: data) == 2)
    var request = ObjectiveRequest()
    request.loss = "cross-entropy"
    #expect(try request.configuration(for: data, earlier: nil).task == .segmentation)
    request.loss = "bce"
    #expect(throws: TrainingError.self) { try request.configuration(for: data, earlier: nil) }
    request.loss = nil
    request.task = "classification"
    #expect(throws: TrainingError.self) { try request.configuration(for: data, earlier: nil) }
    request.task = "segmentation"
    #expect(throws: TrainingError.self) { try request.configuration(for: points(4), earlier: nil) }
    #expect(try Metric.all(for: .segmentation, classCount: 2).map(\.name).contains("f1"))
  }
}
