import Apus
import Foundation
import Testing

@Suite struct DataConfigurationTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      Issue.record("nothing was thrown")
      return ""
    } catch { return "\(error)" }
  }

  private func rows(_ count: Int) -> String {
    "a,b,y\n" + (0..<count).map { "\($0),\($0 % 7 == 3 ? "" : "\($0 * 2)"),\(Double($0) * 1.5 + 10)\n" }.joined()
  }

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "apus-data-" + UUID().uuidString + ".csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test func fitsEverythingToTheTrainingPart() throws {
    try withFile(rows(100)) { path in
      var csv = CSVOptions()
      csv.missing = .mean
      let configuration = try DataConfiguration(csv: csv, normalization: .minmax, testSplit: 0.2)
      let data = try configuration.load(path, validationSplit: 0.25, seed: 3)
      let (validation, test) = (try #require(data.validation), try #require(data.test))
      #expect(data.train.count == 60 && validation.count == 20 && test.count == 20)
      // The gaps have the mean of the training part's b, whose values are 2 a.
      let training = data.train.inputs.scalars(as: Float.self)
      let known = stride(from: 0, to: 120, by: 2).filter { Int(training[$0]) % 7 != 3 }.map { Double(training[$0 + 1]) }
      let mean = known.reduce(0, +) / Double(known.count)
      for part in [data.train, validation, test] {
        let values = part.inputs.scalars(as: Float.self)
        for place in stride(from: 0, to: values.count, by: 2) {
          let expected = Int(values[place]) % 7 == 3 ? mean : Double(values[place]) * 2
          #expect(abs(Double(values[place + 1]) - expected) < 1e-4)
        }
      }
      let scaled = data.train.targets.scalars(as: Double.self)
      #expect(abs(scaled.reduce(0, +)) < 1e-4 && abs(scaled.reduce(0) { $0 + $1 * $1 } / 60 - 1) < 1e-4)
      let scaling = try #require(data.preparation.targetScaling)
      let back = scaling.inverted(test.targets).scalars(as: Float.self)
      let inputs = test.inputs.scalars(as: Float.self)
      for (index, target) in back.enumerated() { #expect(abs(target - inputs[2 * index] * 1.5 - 10) < 1e-3) }
      let normalized = data.preparation.normalization.applied(to: data.train.inputs).scalars(as: Float.self)
      #expect(abs(normalized.min()!) < 1e-6 && abs(normalized.max()! - 1) < 1e-5)
      // A saved run reads a later file the same way.
      let coded = try JSONEncoder().encode(data.preparation)
      let saved = try JSONDecoder().decode(Preparation.self, from: coded)
      try withFile("y,b,a\n25,,10\n") { later in
        let read = try configuration.later(later, saved)
        #expect(read.train.inputs.scalars(as: Float.self) == [10, Float(mean)])
        #expect(abs(scaling.inverted(read.train.targets).scalars(as: Float.self)[0] - 25) < 1e-4)
      }
      try withFile("a,c\n1,2\n") { later in
        #expect(message { _ = try configuration.later(later, saved) }.contains("has no column 'b'"))
      }
    }
  }

  @Test func isSavedWithoutLoss() throws {
    var csv = CSVOptions()
    (csv.targets, csv.ignored, csv.categories, csv.missing) = (["y"], ["id"], ["zip"], .median)
    (csv.kind, csv.delimiter, csv.hasHeader) = (.regression, try CSVDelimiter(";"), true)
    let configuration = try DataConfiguration(
      csv: csv, normalization: .minmax, targetScaling: .none, augmentation: try Augmentation("shift=2,flip"),
      testSplit: 0.1)
    let coded = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(DataConfiguration.self, from: coded) == configuration)
    #expect(try DataConfiguration() == .usual && configuration != .usual)
  }

  @Test func refusesWhatCannotBe() throws {
    for bad in [-0.1, 1, .nan, .infinity] {
      #expect(message { _ = try DataConfiguration(testSplit: bad) }.contains("--test-split"))
    }
    var augmentation = Augmentation()
    augmentation.shift = -1
    #expect(message { _ = try DataConfiguration(augmentation: augmentation) }.contains("'shift' cannot be -1"))
    let shifting = try DataConfiguration(augmentation: .standard)
    #expect(message { _ = try shifting.load("iris", validationSplit: 0, seed: 0) }.contains("changes pictures, but"))
    _ = try shifting.load("digits", validationSplit: 0.1, seed: 0)
    let split = try DataConfiguration(testSplit: 0.1)
    #expect(
      message { _ = try split.load("digits", validationSplit: 0, seed: 0) }.contains("has a test part of its own"))
    let iris = try DataConfiguration.usual.load("iris", validationSplit: 0, seed: 0)
    let wrong = message {
      _ = try DataConfiguration.usual.load("digits", validationSplit: 0, seed: 0, fitted: iris.preparation)
    }
    #expect(wrong.contains("do not fit what the run was prepared for"))
  }

  @Test func summariesSayWhatIsThere() throws {
    let iris = try DataSummary(DataConfiguration(testSplit: 0.2).load("iris", validationSplit: 0, seed: 0))
    #expect(iris.train == 120 && iris.test == 30 && iris.kind == .classification && iris.targets.isEmpty)
    #expect(iris.classes.map(\.count) == [40, 40, 40] && iris.inputs.map(\.name).last == "petal_width")
    try withFile("a,y\n1,2.5\n3,7\n") { path in
      let summary = try DataSummary(DataConfiguration.usual.load(path, validationSplit: 0, seed: 0))
      #expect(summary.kind == .regression && summary.classes.isEmpty && summary.inputs[0].mean == 2)
      #expect(abs(summary.targets[0].lowest - 2.5) < 1e-6 && abs(summary.targets[0].highest - 7) < 1e-6)
    }
  }
}

extension DataConfiguration {
  /// What a saved run makes of a later file.
  fileprivate func later(_ path: String, _ fitted: Preparation) throws -> PreparedData {
    var whole = self
    whole.testSplit = 0
    return try whole.load(path, validationSplit: 0, seed: 0, fitted: fitted)
  }
}
