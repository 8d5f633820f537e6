import Apus
import Foundation
import Testing

@testable import ApusTraining

@Suite struct ForecastTests {
  private let folder = TemporaryFolder()

  /// A wave of 12 rows with a slow drift, and a second column that runs one row ahead of it.
  private func values(_ count: Int = 300, shift: Double = 0) -> [(lead: Double, y: Double)] {
    (0..<count).map { row in
      func wave(_ row: Int) -> Double { 20 + 5 * sin(Double(row) * .pi / 6) + 3 * cos(Double(row) * 0.37) }
      let extra = row >= 240 ? shift : 0
      return (wave(row + 1) + extra, wave(row) + extra)
    }
  }

  private func job(_ values: [(lead: Double, y: Double)], run: String, epochs: Int = 12) throws -> TrainingJob {
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let path = folder.path + "/\(run).csv"
    let rows = values.map { "\($0.lead),\($0.y)" }.joined(separator: "\n")
    try Data("lead,y\n\(rows)\n".utf8).write(to: URL(fileURLWithPath: path))
    var request = TrainingRequest(model: "forecaster", data: path)
    (request.epochs, request.batchSize, request.output) = (epochs, 16, folder.path + "/" + run)
    request.dataOptions = try DataConfiguration(
      testSplit: 0.2, series: SeriesConfiguration(window: 10, horizon: 3))
    request.modelOptions.hidden = [12]
    request.modelOptions.form = "gru"
    request.optimization.learningRate = 0.02
    return try TrainingJob(request)
  }

  /// Every error is worked out again in plain loops; the rows after the end are forecast in the units of the data.
  @Test func errorsBesideSimpleForecasts() throws {
    let values = values()
    _ = try job(values, run: "run").run(progress: nil)
    let run = try SavedRun(folder.path + "/run")
    let report = try run.forecast(season: 12)
    #expect(report.part == "test" && report.windows == 58 && report.columns == ["y"] && report.firstRow == 241)
    func rmse(_ forecast: (_ row: Int, _ step: Int) -> Double) -> (all: Double, steps: [Double]) {
      let steps = (0..<3).map { step in
        (240...297).map { row in pow(forecast(row, step) - values[row + step].y, 2) }.reduce(0, +) / 58
      }
      return (sqrt(steps.reduce(0, +) / 3), steps.map { sqrt($0) })
    }
    let naive = rmse { row, _ in values[row - 1].y }
    let seasonal = rmse { row, step in values[row + step - 12].y }
    let named = Dictionary(uniqueKeysWithValues: report.methods.map { ($0.name, $0) })
    for (name, expected) in [("naive", naive), ("seasonal_naive", seasonal)] {
      #expect(abs((named[name]?.rmse ?? 0) - expected.all) < 1e-4)
      for (a, b) in zip(named[name]?.rmseByStep ?? [], expected.steps) { #expect(abs(a - b) < 1e-4) }
    }
    let network = try #require(named["network"])
    #expect(network.rmse < 0.5 * naive.all && network.rmse < seasonal.all)
    // The same error as the evaluation has.
    let judged = try run.evaluate(on: nil)
    #expect(abs((judged.metrics["rmse"] ?? 0) - network.rmse) < 1e-3)
    #expect(report.next.count == 3)
    for (step, row) in report.next.enumerated() {
      let truth = 20 + 5 * sin(Double(300 + step) * .pi / 6) + 3 * cos(Double(300 + step) * 0.37)
      #expect(abs(row[0] - truth) < 4)
    }
    for (a, b) in zip(report.actual, values[240...].map(\.y)) { #expect(abs(a - b) < 1e-4) }
    for (a, b) in zip(report.reference, values[228...].map(\.y)) { #expect(abs(a - b) < 1e-4) }
    #expect(try run.forecast().methods.map(\.name) == ["network", "naive"])
    for season in [0, -1, 241] { #expect(throws: TrainingError.self) { try run.forecast(season: season) } }
  }

  /// What comes after the training span changes neither scaling nor weights.
  @Test func nothingIsLearntFromLaterRows() throws {
    let first = try job(values(), run: "a", epochs: 2)
    let second = try job(values(shift: 1000), run: "b", epochs: 2)
    #expect(first.configuration.preparation == second.configuration.preparation)
    #expect(first.configuration.normalization.grouping == .features)
    #expect(first.configuration.normalization.mean.count == 2)
    _ = try first.run(progress: nil)
    _ = try second.run(progress: nil)
    #expect(bits(try SavedRun(folder.path + "/a").model) == bits(try SavedRun(folder.path + "/b").model))
  }

  @Test func whatDoesNotGoWithSeriesIsRefused() throws {
    func sentence(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch { return "\(error)" }
    }
    var request = TrainingRequest(model: "mlp", data: "digits")
    request.dataOptions = try DataConfiguration(series: SeriesConfiguration(horizon: 2))
    #expect(sentence { _ = try TrainingJob(request) }.contains("is for forecasts, and mlp makes none"))
    request.model = "forecaster"
    request.dataOptions = try DataConfiguration(
      text: {
        var text = TextConfiguration()
        text.lowercases = true
        return text
      }())
    #expect(sentence { _ = try TrainingJob(request) }.contains("is for models of texts, and forecaster is none"))
    #expect(
      sentence { _ = try CrossValidation(TrainingRequest(model: "forecaster", data: "a.csv"), folds: 3) }.contains(
        "folds"))
  }
}
