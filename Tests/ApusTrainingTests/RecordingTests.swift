import Apus
import Foundation
import Testing

@testable import ApusTraining

@Suite struct TensorStatisticsTests {
  @Test func countsAndMoments() {
    let values: [Float] = [-1, 0, 0, 1, 2, 3, 4, 5, .nan, .infinity]
    let statistics = TensorStatistics(
      HostArray(values, shape: [2, 5]), path: "a.weight", kind: .weight, epoch: 2, step: 7, bins: 3)
    #expect(statistics.count == 10 && statistics.notFinite == 2)
    #expect(statistics.mean == 1.75 && statistics.min == -1 && statistics.max == 5 && statistics.zeros == 0.25)
    let squares = values.prefix(8).map { (Double($0) - 1.75) * (Double($0) - 1.75) }.reduce(0, +)
    #expect(abs(statistics.std - (squares / 8).squareRoot()) < 1e-12)
    // A value on an edge belongs to the bin on its right, the largest to the last.
    #expect(statistics.edges == [-1, 1, 3, 5] && statistics.counts == [3, 2, 3])
  }

  @Test func equalAndMissingValues() throws {
    let equal = TensorStatistics(
      HostArray([Float](repeating: 2, count: 6), shape: [6]), path: "a", kind: .gradient, epoch: 1, step: 1, bins: 4)
    #expect(equal.std == 0 && equal.edges.first == 1.5 && equal.edges.last == 2.5)
    #expect(equal.counts.reduce(0, +) == 6 && equal.counts.max() == 6)
    let none = TensorStatistics(HostArray([Float.nan], shape: [1]), path: "a", kind: .gradient, epoch: 1, step: 1)
    #expect(none.notFinite == 1 && none.counts.isEmpty && none.mean == 0)
    #expect(try JSON.decode(TensorStatistics.self, JSON.text(equal)) == equal)
    #expect(EventHistogram(none) == nil)
    let histogram = try #require(EventHistogram(equal))
    #expect(histogram.sum == 12 && histogram.sumOfSquares == 24 && histogram.limits.count == 4)
  }
}

@Suite struct RecordingTests {
  private func fit(
    _ folder: TemporaryFolder, epochs: Int, resuming: Bool = false, model: Sequential = network(), stopAt: Int? = nil,
    statistics every: Int = 2
  ) throws -> [EpochRecord] {
    let run = RunFolder(folder.path)
    let statistics = StatisticsHook(epochs: every)
    var options = TrainingOptions()
    options.batchSize = 16
    let trainer = Trainer(
      model, loss: { crossEntropy($0, $1) }, optimizer: SGD(learningRate: 0.1), options: options, run: run,
      hooks: [statistics, TensorBoardHook(folder: run.events, steps: 3, statistics: statistics)])
    if let stopAt {
      trainer.hooks.append(LambdaHook("stop", every: .steps(stopAt)) { $0.control?.stop("enough") })
    }
    return try trainer.fit(points(64), validation: points(20, seed: 2), epochs: epochs, resuming: resuming)
  }

  private func entries(_ folder: TemporaryFolder) throws -> [EventFile.Entry] {
    let events = RunFolder(folder.path).events
    return try EventWriter.files(in: events).flatMap { try EventFile.entries(of: events + "/" + $0) }
  }

  @Test func statisticsOfWeightsGradientsAndActivations() throws {
    let folder = TemporaryFolder()
    let model = network()
    _ = try fit(folder, epochs: 4, model: model)
    let records = try TensorStatistics.read(RunFolder(folder.path))
    #expect(Set(records.map(\.epoch)) == [2, 4] && Set(records.map(\.step)) == [8, 16])
    let last = records.filter { $0.epoch == 4 }
    let paths = ["0.weight", "0.bias", "2.weight", "2.bias"]
    #expect(last.filter { $0.kind == .weight }.map(\.path) == paths)
    #expect(last.filter { $0.kind == .gradient }.map(\.path) == paths)
    #expect(last.filter { $0.kind == .activation }.map(\.path) == ["0", "2"])
    #expect(last.allSatisfy { $0.counts.reduce(0, +) == $0.count && $0.edges.count == $0.counts.count + 1 })
    // Half of the units of a ReLU are about half of the time off.
    let hidden = try #require(last.first { $0.kind == .activation && $0.path == "0" })
    #expect(hidden.count == 16 * 8 && hidden.min == 0 && hidden.zeros > 0.1 && hidden.zeros < 0.9)
  }

  @Test func eventsHoldTheMetrics() throws {
    let folder = TemporaryFolder()
    let history = try fit(folder, epochs: 3)
    let entries = try entries(folder)
    func scalars(_ tag: String) -> [Int: Float] {
      Dictionary(
        uniqueKeysWithValues: entries.filter { $0.tag == tag }.compactMap {
          if case .scalar(let value) = $0.value { ($0.step, value) } else { nil }
        })
    }
    func expected(_ value: (EpochRecord) -> Double?) -> [Int: Float] {
      Dictionary(uniqueKeysWithValues: history.compactMap { record in value(record).map { (record.step, Float($0)) } })
    }
    #expect(scalars("train/loss") == expected(\.trainLoss) && scalars("train/loss").count == 3)
    #expect(scalars("train/accuracy") == expected(\.trainAccuracy))
    #expect(scalars("train/learning_rate") == [4: 0.1, 8: 0.1, 12: 0.1])
    #expect(scalars("validation/loss") == expected(\.validationLoss))
    #expect(scalars("validation/accuracy") == expected(\.validationAccuracy))
    #expect(scalars("validation/f1") == expected { $0.validationMetrics?["f1"] } && scalars("validation/f1").count == 3)
    #expect(Set(scalars("batch/loss").keys) == [3, 6, 9, 12])
    let histograms = entries.filter { if case .histogram = $0.value { true } else { false } }
    #expect(Set(histograms.map(\.step)) == [8])
    #expect(Set(histograms.map(\.tag)).isSuperset(of: ["weight/0.weight", "gradient/2.bias", "activation/2"]))
  }

  @Test func aResumedTrainingRepeatsAndMissesNothing() throws {
    let (whole, parts) = (TemporaryFolder(), TemporaryFolder())
    _ = try fit(whole, epochs: 4)
    // Stopped inside the third epoch.
    _ = try fit(parts, epochs: 4, stopAt: 10)
    // A record of an epoch that the checkpoint does not know is left out.
    let run = RunFolder(parts.path)
    var records = try TensorStatistics.read(run)
    records.append(records[0])
    records[records.count - 1].epoch = 3
    try AtomicFile.write(records.map { try JSON.text($0) + "\n" }.joined(), to: run.statistics)
    _ = try fit(parts, epochs: 4, resuming: true)
    #expect(try TensorStatistics.read(run) == TensorStatistics.read(RunFolder(whole.path)))
    func sorted(_ folder: TemporaryFolder) throws -> [EventFile.Entry] {
      try entries(folder).filter { !$0.tag.hasSuffix("samples_per_second") }
        .sorted { ($0.step, $0.tag) < ($1.step, $1.tag) }
    }
    #expect(try EventWriter.files(in: run.events).count == 2)
    #expect(try sorted(parts) == sorted(whole))
  }

  @Test func lostEventsOfAnEpochAreMadeUpFor() throws {
    let folder = TemporaryFolder()
    let history = try fit(folder, epochs: 2)
    let events = RunFolder(folder.path).events
    let file = try #require(try EventWriter.files(in: events).first)
    let path = URL(fileURLWithPath: events + "/" + file)
    // The process was killed before it wrote the records of the second epoch.
    let bytes = try Array(Data(contentsOf: path))
    // Only the first record, whose length stands in its first byte.
    try Data(bytes.prefix(16 + Int(bytes[0]))).write(to: path)
    #expect(try entries(folder).filter { $0.tag == "train/loss" }.isEmpty)
    _ = try fit(folder, epochs: 2, resuming: true)
    #expect(try entries(folder).filter { $0.tag == "train/loss" }.map(\.step) == history.map(\.step))
  }

  @Test func damagedStatisticsAreNamed() throws {
    let folder = TemporaryFolder()
    _ = try fit(folder, epochs: 2)
    try Data("{}\n".utf8).write(to: URL(fileURLWithPath: RunFolder(folder.path).statistics))
    #expect {
      try fit(folder, epochs: 3, resuming: true)
    } throws: {
      "\($0)".contains("statistics.jsonl") && "\($0)".contains("line 1")
    }
  }
}
