import Apus
import Foundation
import Testing

@testable import ApusTraining

/// Averages by hand, resumed trainings bit for bit, and what cannot be averaged.
@Suite struct EnsembleTests {
  /// A layer that gives what it was made with, whatever it is asked.
  private struct Constant: Layer {
    let outputs: Tensor
    func callAsFunction(_ x: Tensor) -> Tensor { outputs }
  }

  private func close(_ tensor: Tensor, _ expected: [Double], _ tolerance: Double = 1e-12) -> Bool {
    let values = tensor.scalars(as: Double.self)
    return values.count == expected.count && zip(values, expected).allSatisfy { Swift.abs($0 - $1) <= tolerance }
  }

  @Test func probabilitiesAreAveraged() {
    let first = Tensor([0.2, 1.5, -0.7, 3, 0, 0], shape: [2, 3])
    let second = Tensor([-1.0, 0.4, 2.2, 0, 5, 1], shape: [2, 3])
    func probabilities(_ z: [Double]) -> [Double] {
      let powers = z.map { exp($0) }
      return powers.map { $0 / powers.reduce(0, +) }
    }
    let expected = [[0.2, 1.5, -0.7], [3, 0, 0]].enumerated().flatMap { row, z in
      zip(probabilities(z), probabilities([[-1, 0.4, 2.2], [0, 5, 1]][row])).map { ($0 + $1) / 2 }
    }
    let ensemble = Ensemble([Constant(outputs: first), Constant(outputs: second)])
    let x = Tensor.zeros([2, 1], dtype: .float64)
    #expect(close(exp(ensemble(x)), expected))
    // Softmax takes the outputs like logits.
    #expect(close(softmax(ensemble(x), axis: 1), expected))
    let labels = Tensor([Int32(1), 0])
    let loss = -(log(expected[1]) + log(expected[3])) / 2
    #expect(Swift.abs(crossEntropy(ensemble(x), labels).item() - loss) < 1e-12)
    #expect("\(ensemble)" == "Ensemble(2 members)")
  }

  @Test func logitsAndNumbersAreAveraged() {
    let x = Tensor.zeros([3, 1], dtype: .float64)
    let logits = [[0.3, -2, 40], [1.2, 0.5, -3], [-0.8, 1, 2]]
    let members = logits.map { Constant(outputs: Tensor($0, shape: [3, 1])) }
    func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
    let means = (0..<3).map { row in logits.reduce(0) { $0 + sigmoid($1[row]) } / 3 }
    let outputs = Ensemble(members, task: .binary)(x)
    #expect(close(outputs, means.map { log($0 / (1 - $0)) }, 1e-9))
    #expect(close(Ensemble(members, task: .regression)(x), [0.7 / 3, -0.5 / 3, 13]))
  }

  @Test func extremeLogitsStayFinite() {
    let members = [[1e4, -1e4], [-1e4, 1e4]].map { Constant(outputs: Tensor($0, shape: [1, 2])) }
    let outputs = Ensemble(members)(Tensor.zeros([1, 1], dtype: .float64))
    #expect(close(outputs, [log(0.5), log(0.5)]))
  }

  @Test func disagreementByHand() {
    func outputs(_ classes: [Int]) -> HostArray {
      HostArray(classes.flatMap { label in (0..<3).map { $0 == label ? Float(1) : 0 } }, shape: [classes.count, 3])
    }
    let members = [outputs([0, 1, 2, 0]), outputs([0, 1, 1, 1]), outputs([0, 2, 1, 2])]
    // Pairs: 2 of 4, 3 of 4, 2 of 4.
    #expect(Disagreement.of(members, task: .classification) == 7.0 / 12)
    let numbers = [[1.0, 5], [3, 5]].map { HostArray($0, shape: [2, 1]) }
    #expect(Disagreement.of(numbers, task: .regression) == 0.5.squareRoot())
    #expect(Disagreement.of([members[0]], task: .classification) == 0)
  }

  @Test func bootstrapSamplesRepeat() throws {
    let data = try points(400)
    let (first, again, other) = (
      data.bootstrapSample(seed: 3), data.bootstrapSample(seed: 3), data.bootstrapSample(seed: 4)
    )
    let values = { (part: Dataset) in part.inputs.scalars(as: Float.self) }
    #expect(first.count == 400 && values(first) == values(again) && values(first) != values(other))
    // Each row belongs to the data, with its own label; about 63 % of the rows are there.
    let rows = Set((0..<400).map { values(data)[2 * $0] })
    let drawn = Set((0..<400).map { values(first)[2 * $0] })
    #expect(drawn.isSubset(of: rows) && drawn.count > 220 && drawn.count < 285)
    #expect(zip(0..<400, first.labels).allSatisfy { (values(first)[2 * $0] > 0) == ($1 == 1) })
  }

  private func request(_ path: String, epochs: Int? = 2) -> EnsembleRequest {
    var training = TrainingRequest(model: "mlp", data: "digits")
    training.modelOptions.hidden = [12]
    (training.epochs, training.optimization.learningRate, training.output) = (epochs, 0.01, path)
    var request = EnsembleRequest(training)
    request.members = 3
    return request
  }

  @Test func averagesWhatItsMembersSay() throws {
    let folder = TemporaryFolder()
    var wanted = request(folder.path)
    wanted.isBagged = true
    wanted.training.seed = 7
    var numbers: [Int] = []
    let report = try EnsembleJob(wanted).run { _, number in
      numbers.append(number)
      return nil
    }
    #expect(numbers == [1, 2, 3])
    #expect(report.members.map(\.seed) == [7, 8, 9] && report.part == "test" && report.samples == 359)
    #expect(report.loss < report.meanMemberLoss)
    #expect(report.disagreement > 0 && report.disagreement < 1)
    // The members judged one by one, and the ensemble as a model, say the same.
    let saved = try SavedEnsemble(folder.path)
    for (run, member) in zip(saved.runs, report.members) {
      let single = try run.evaluate(on: nil)
      #expect(single.testAccuracy == member.accuracy)
      #expect(Swift.abs(single.testLoss - member.loss) < 1e-6)
    }
    let judged = try evaluate(
      try saved.model(), on: try Digits().test, loss: { crossEntropy($0, $1) },
      normalization: saved.runs[0].configuration.normalization)
    #expect(judged.accuracy == report.accuracy)
    #expect(Swift.abs(judged.loss - report.loss) < 1e-5)
    #expect(report.confusionMatrix == judged.confusion?.counts)
    // Bags differ, the split does not.
    #expect(Set(saved.runs.map { $0.configuration.splitSeed ?? $0.configuration.seed }) == [7])
    #expect(saved.runs.allSatisfy { $0.configuration.bootstrap == true })
    // Runs of other seeds have other splits and normalizations; they can be judged on the test part all the same.
    let again = try SavedEnsemble(runs: saved.runs.map(\.folder.path)).evaluate(on: nil)
    #expect(again.accuracy == report.accuracy && again.ensemble == nil)
  }

  @Test func interruptedTrainingGoesOn() throws {
    let (whole, parts) = (TemporaryFolder(), TemporaryFolder())
    _ = try EnsembleJob(request(whole.path)).run { _, _ in nil }

    struct Stop: Error {}
    // Stopped between two members; apus is killed in the middle of one by the tests of the command.
    let first = try EnsembleJob(request(parts.path))
    #expect(throws: Stop.self) {
      _ = try first.run { _, number in
        if number == 2 { throw Stop() }
        return nil
      }
    }
    let finished = try Data(contentsOf: URL(fileURLWithPath: parts.path + "/member-1/model.safetensors"))
    #expect(throws: TrainingError.self) { try SavedEnsemble(parts.path) }
    #expect(throws: TrainingError.self) { try EnsembleJob(request(parts.path)) }
    var resumed = request(parts.path, epochs: nil)
    resumed.members = nil
    resumed.training.optimization.learningRate = nil
    resumed.training.modelOptions.hidden = nil
    resumed.training.resume = true
    let report = try EnsembleJob(resumed).run { _, _ in nil }
    #expect(report.members.count == 3)
    #expect(try Data(contentsOf: URL(fileURLWithPath: parts.path + "/member-1/model.safetensors")) == finished)
    for member in 1...3 {
      let weights = try [whole.path, parts.path].map {
        try Data(contentsOf: URL(fileURLWithPath: "\($0)/member-\(member)/model.safetensors"))
      }
      #expect(weights[0] == weights[1], "member \(member)")
    }
    // More members can be added, fewer not; what was begun cannot change.
    var more = resumed
    more.members = 4
    #expect(try EnsembleJob(more).run { _, _ in nil }.members.count == 4)
    for change: (inout EnsembleRequest) -> Void in [
      { $0.members = 2 }, { $0.members = 1 }, { $0.members = 2000 }, { $0.isBagged = true }, { $0.training.seed = 3 },
      { $0.training.output = "" }, { $0.training.output = parts.path + "/member-1" }, { $0.training.output = nil },
    ] {
      var wrong = resumed
      change(&wrong)
      #expect(throws: TrainingError.self) { try EnsembleJob(wrong) }
    }
  }

  @Test func onlyWhatFitsIsAveraged() throws {
    let (digits, other) = (TemporaryFolder(), TemporaryFolder())
    var training = TrainingRequest(model: "mlp", data: "digits")
    (training.modelOptions.hidden, training.epochs, training.output) = ([8], 1, digits.path)
    _ = try TrainingJob(training).run(progress: nil)
    let archive = other.path + ".npz"
    defer { try? FileManager.default.removeItem(atPath: archive) }
    let data = try points(60)
    try NPZ.write(["x_train": data.inputs, "y_train": data.targets], to: archive)
    (training.data, training.output) = (archive, other.path)
    _ = try TrainingJob(training).run(progress: nil)
    func message(_ body: () throws -> some Any) -> String {
      do {
        _ = try body()
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { try SavedEnsemble(runs: [digits.path, other.path]) }.contains("samples of shape"))
    #expect(message { try SavedEnsemble(runs: []) }.contains("at least one run"))
    #expect(message { try SavedEnsemble(digits.path) }.contains("there is no ensemble"))
    // Without a test part, runs with other splits have seen each other's validation samples.
    let second = TemporaryFolder()
    (training.seed, training.output) = (5, second.path)
    _ = try TrainingJob(training).run(progress: nil)
    #expect(message { try SavedEnsemble(runs: [other.path, second.path]).evaluate(on: nil) }.contains("set aside"))
    #expect(message { try SavedEnsemble(runs: [other.path, second.path]).model() }.contains("normalises"))
    #expect(message { try SavedEnsemble(runs: [other.path, other.path]).evaluate(on: nil) }.isEmpty)
  }
}
