import Apus
import Foundation
import Testing

@testable import ApusTraining

@Suite struct TrainerTests {
  private func trainer(
    _ model: Sequential, _ options: TrainingOptions = TrainingOptions(), run: RunFolder? = nil
  ) -> Trainer<Sequential> {
    Trainer(model, loss: { crossEntropy($0, $1) }, optimizer: Adam(learningRate: 0.02), options: options, run: run)
  }

  @Test func learnsAndJudges() throws {
    let data = try points(200)
    let trainer = trainer(network())
    let history = try trainer.fit(data, epochs: 10)
    #expect(history.map(\.epoch) == Array(1...10))
    #expect(history.map(\.step) == (1...10).map { $0 * 4 })
    #expect(history[9].trainLoss < history[0].trainLoss / 2)
    let judged = try trainer.evaluate(try points(100, seed: 2))
    #expect(judged.accuracy ?? 0 > 0.95)
    #expect(judged.confusion?.total == 100)
  }

  @Test func stepIsOnePlan() throws {
    let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
    try Execution.$override.withValue(executor) {
      let (model, data) = (network(dropout: 0.3), try points(64))
      let optimizer = SGD(learningRate: 0.1, momentum: 0.9)
      let normalization = try Normalization(fitting: data)
      var replays: [Int] = []
      for step in 0..<5 {
        for batch in data.batches(of: 32, epoch: step, normalization: normalization) {
          let before = executor.statistics.replays
          let result = withRandomSeed(1, step: step) { trainStep(model, optimizer, batch) { crossEntropy($0, $1) } }
          #expect(result.count == 32 && result.correct != nil && result.loss.isFinite)
          replays.append(executor.statistics.replays - before)
        }
      }
      #expect(replays.allSatisfy { $0 == 1 })
      #expect(executor.statistics.compiledPlans == 1)
    }
  }

  @Test func resumedEqualsUninterrupted() throws {
    let data = try points(100)
    var options = TrainingOptions()
    (options.batchSize, options.checkpointSteps) = (16, 1)
    let whole = network(dropout: 0.5)
    try trainer(whole, options).fit(data, epochs: 3)

    /// Ends a training in the middle of an epoch.
    final class Interruption: TrainingHook {
      struct Stop: Error {}
      let (name, period) = ("interruption", HookPeriod.steps(10))
      func run(_ moment: TrainingMoment) throws { throw Stop() }
    }
    let folder = TemporaryFolder()
    let first = trainer(network(dropout: 0.5), options, run: RunFolder(folder.path))
    first.hooks = [Interruption()]
    #expect {
      try first.fit(data, epochs: 3)
    } throws: {
      "\($0)".hasPrefix("hook 'interruption' after step 10: failed: Stop()")
    }
    // Another seed for the weights: they must come from the checkpoint.
    let resumed = network(seed: 9, dropout: 0.5)
    let second = trainer(resumed, options, run: RunFolder(folder.path))
    #expect(throws: TrainingError.self) { try second.fit(data, epochs: 3) }
    try second.fit(data, epochs: 3, resuming: true)
    #expect(bits(resumed) == bits(whole))
    #expect(second.history.map(\.trainLoss).count == 3)
  }

  @Test func bestWeightsComeBack() throws {
    let data = try points(100)
    var options = TrainingOptions()
    options.earlyStopping = EarlyStopping(patience: 2, monitor: .loss)
    let model = network()
    let trainer = Trainer(
      model, loss: { crossEntropy($0, $1) }, optimizer: SGD(learningRate: 30), options: options)
    let validation = try points(60, seed: 5)
    try trainer.fit(data, validation: validation, epochs: 30)
    let best = try #require(trainer.bestEpoch)
    let losses = trainer.history.compactMap(\.validationLoss)
    #expect(losses[best - 1] == losses.min())
    #expect(trainer.stoppedEarly && trainer.history.count == best + 2)
    #expect(try trainer.evaluate(validation).loss == losses[best - 1])
  }

  @Test func divergenceNamesStepAndLayer() throws {
    let data = try points(64)
    let model = network()
    var options = TrainingOptions()
    options.batchSize = 8
    let trainer = Trainer(
      model, loss: { crossEntropy($0, $1) }, optimizer: SGD(learningRate: 1e30), options: options)
    let before = bits(model)
    do {
      try trainer.fit(data, epochs: 5)
      Issue.record("a learning rate of 1e30 did not diverge")
    } catch let error as TrainingError {
      #expect(error.place.contains("step") && error.problem.contains("nan"))
      #expect(error.problem.contains("'0'") || error.problem.contains("'2'") || error.problem.contains(".weight"))
      #expect(!error.description.contains("\n"))
    }
    // The last good state: the beginning of the first epoch.
    #expect(bits(model) == before)
  }

  @Test func mistakesAreSentences() throws {
    let data = try points(10)
    #expect(throws: TrainingError.self) { try trainer(network()).fit(data, epochs: 0) }
    var options = TrainingOptions()
    options.batchSize = 0
    #expect(throws: TrainingError.self) { try trainer(network(), options).fit(data, epochs: 1) }
    options = TrainingOptions()
    options.earlyStopping.patience = 1
    #expect(throws: TrainingError.self) { try trainer(network(), options).fit(data, epochs: 1) }
    let wrong = Sequential { Dense(3, 2) }
    do {
      try trainer(wrong).fit(data, epochs: 1)
      Issue.record("a network for three features took two")
    } catch let error as TrainingError {
      #expect(error.problem.contains("[2]") && error.problem.contains("Dense(3, 2)"))
    }
    let tooMany = Sequential { Dense(2, 3) }
    #expect(throws: TrainingError.self) { try trainer(tooMany).fit(data, epochs: 1) }
  }

  @Test func hooksAreCalledInTheirPeriods() throws {
    final class Counter: TrainingHook {
      let name = "counter"
      let period: HookPeriod
      var steps: [Int] = []
      init(_ period: HookPeriod) { self.period = period }
      func run(_ moment: TrainingMoment) { steps.append(moment.step) }
    }
    let (byStep, byEpoch) = (Counter(.steps(3)), Counter(.epochs(2)))
    let trainer = trainer(network())
    trainer.hooks = [byStep, byEpoch]
    try trainer.fit(try points(200), epochs: 4)
    #expect(byStep.steps == [3, 6, 9, 12, 15])
    #expect(byEpoch.steps == [8, 16])
  }
}
