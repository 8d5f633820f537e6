import Apus
import Testing

@testable import ApusTraining

@Suite struct OptimizationTests {
  private func trainer(
    _ model: Sequential, _ options: TrainingOptions, _ optimizer: any Optimizer = SGD(learningRate: 0.2, momentum: 0.5),
    run: RunFolder? = nil
  ) -> Trainer<Sequential> {
    Trainer(model, loss: { crossEntropy($0, $1) }, optimizer: optimizer, options: options, run: run)
  }

  private func options(_ batchSize: Int = 16) -> TrainingOptions {
    var options = TrainingOptions()
    options.batchSize = batchSize
    return options
  }

  /// Everything at once.
  private func everything() -> TrainingOptions {
    var options = options()
    options.schedule = WarmUp(over: 0.5, from: 0.1, then: CosineSchedule(minimum: 0.01))
    options.plateau = ReduceOnPlateau(factor: 0.5, patience: 0, threshold: 0.9)
    options.clipping = .eachNorm(0.5)
    options.penalty = WeightPenalty(l1: 1e-3, l2: 1e-2)
    options.maxNorm = MaxNorm(1.5)
    options.averaging = WeightAverage.Rule(decay: 0.8, start: .corrected)
    return options
  }

  private func adam() -> any Optimizer {
    let adam = AdamW(learningRate: 0.02, weightDecay: 0.1)
    adam.groups = [
      ParameterGroup(matching: "0.", learningRateFactor: 0.5), ParameterGroup(role: .bias, weightDecay: 0),
    ]
    return adam
  }

  private func difference(_ a: some Module, _ b: some Module) -> Float {
    let (x, y) = (bits(a), bits(b))
    return x.keys.reduce(0) { worst, name in
      zip(x[name] ?? [], y[name] ?? []).reduce(worst) { Swift.max($0, abs($1.0 - $1.1)) }
    }
  }

  @Test(arguments: [2, 4]) func accumulatedBatchesAreOneLargeBatch(parts: Int) throws {
    let data = try points(100)
    for optimizer in [{ SGD(learningRate: 0.3, momentum: 0.9) as any Optimizer }, { Adam(learningRate: 0.02) }] {
      let (whole, accumulated) = (network(), network())
      var large = options(32)
      large.penalty = .l2(0.01)
      large.clipping = .norm(0.7)
      var small = large
      (small.batchSize, small.accumulation) = (32 / parts, parts)
      let first = trainer(whole, large, optimizer())
      let second = trainer(accumulated, small, optimizer())
      try first.fit(data, epochs: 3)
      try second.fit(data, epochs: 3)
      #expect(difference(whole, accumulated) < 1e-5)
      #expect(difference(whole, network()) > 0.1)
      for (a, b) in zip(first.history, second.history) {
        #expect(a.step == b.step && abs(a.trainLoss - b.trainLoss) < 1e-5 && a.trainAccuracy == b.trainAccuracy)
      }
      #expect(first.history.last?.step == 12)
    }
  }

  @Test func scheduleGivesEachStepItsRate() throws {
    var options = options(25)
    options.schedule = CosineSchedule(minimum: 0.02)
    let optimizer = SGD(learningRate: 0.2)
    let trainer = trainer(network(), options, optimizer)
    final class Rates { var seen: [Double] = [] }
    let rates = Rates()
    trainer.hooks = [LambdaHook("rates", every: .steps(1)) { rates.seen.append($0.learningRate ?? .nan) }]
    try trainer.fit(try points(100), epochs: 3)
    let wanted = (0..<12).map { CosineSchedule(minimum: 0.02).learningRate(0.2, at: Double($0) / 4, of: 3) }
    #expect(rates.seen == wanted)
    #expect(trainer.history.map(\.learningRate) == [wanted[3], wanted[7], wanted[11]])
    #expect(optimizer.learningRate == 0.2)

    options.schedule = InverseTimeSchedule()
    options.scheduleUnit = .steps
    options.accumulation = 3
    let counted = self.trainer(network(), options, SGD(learningRate: 0.3))
    rates.seen = []
    counted.hooks = trainer.hooks
    try counted.fit(try points(100), epochs: 2)
    let divided: [Double] = (1...4).map { 0.3 / Double($0) }
    #expect(rates.seen == divided)
  }

  @Test func constantRateIsLeftToHooks() throws {
    let trainer = trainer(network(), options(50), SGD(learningRate: 0.2))
    trainer.hooks = [LambdaHook("halve", every: .epochs(1)) { $0.control?.optimizer.learningRate /= 2 }]
    try trainer.fit(try points(100), epochs: 3)
    #expect(trainer.history.map(\.learningRate) == [0.2, 0.1, 0.05])
  }

  @Test func plateauLowersTheRate() throws {
    var options = options(50)
    options.plateau = ReduceOnPlateau(factor: 0.5, patience: 0, threshold: 0.99)
    let trainer = trainer(network(), options, SGD(learningRate: 0.2))
    try trainer.fit(try points(100), validation: try points(50, seed: 3), epochs: 4)
    #expect(trainer.history.map(\.learningRate) == [0.2, 0.2, 0.1, 0.05])
    #expect(trainer.optimizer.learningRate == 0.2)
  }

  @Test func everythingIsOnePlanAStep() throws {
    let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
    try Execution.$override.withValue(executor) {
      let (model, data, options) = (network(dropout: 0.3), try points(64), everything())
      let (optimizer, average) = (adam(), try WeightAverage(#require(options.averaging)))
      for step in 0..<4 {
        for batch in data.batches(of: 32, epoch: step) {
          let before = executor.statistics.replays
          optimizer.learningRate = [1, 0, 0.5, 0.01][step]
          let result = withRandomSeed(1, step: step) {
            trainStep(
              model, optimizer, batch, loss: { crossEntropy($0, $1) }, clipping: options.clipping,
              penalty: options.penalty, maxNorm: options.maxNorm, average: average)
          }
          #expect(result.penalty > 0 && result.loss.isFinite)
          #expect(executor.statistics.replays - before == 1)
        }
      }
      #expect(executor.statistics.compiledPlans == 1)
    }
  }

  @Test(arguments: [1, 3]) func resumedEqualsUninterrupted(accumulation: Int) throws {
    let (data, validation) = (try points(100), try points(40, seed: 4))
    var options = everything()
    (options.batchSize, options.accumulation, options.checkpointSteps) = (8, accumulation, 1)
    let whole = network(dropout: 0.3)
    let uninterrupted = trainer(whole, options, adam())
    try uninterrupted.fit(data, validation: validation, epochs: 4)

    let folder = TemporaryFolder()
    let first = trainer(network(dropout: 0.3), options, adam(), run: RunFolder(folder.path))
    struct Stop: Error {}
    let steps = accumulation == 1 ? 30 : 12
    first.hooks = [LambdaHook("interruption", every: .steps(steps)) { _ in throw Stop() }]
    #expect(throws: TrainingError.self) { try first.fit(data, validation: validation, epochs: 4) }
    let resumed = network(seed: 9, dropout: 0.3)
    let second = trainer(resumed, options, adam(), run: RunFolder(folder.path))
    try second.fit(data, validation: validation, epochs: 4, resuming: true)
    #expect(bits(resumed) == bits(whole))
    #expect(second.history.map(\.learningRate) == uninterrupted.history.map(\.learningRate))
    #expect(second.history.map(\.validationLoss) == uninterrupted.history.map(\.validationLoss))
    #expect(second.position.plateau == uninterrupted.position.plateau && second.position.plateau?.learningRate != nil)
  }

  @Test func anotherLengthIsRefusedWhereRatesDependOnIt() throws {
    let data = try points(50)
    for (schedule, isRefused) in [
      (CosineSchedule() as any LearningRateSchedule, true), (StepSchedule(every: 1, factor: 0.5), false),
    ] {
      var options = options()
      options.schedule = schedule
      let folder = TemporaryFolder()
      try trainer(network(), options, run: RunFolder(folder.path)).fit(data, epochs: 2)
      let longer = trainer(network(), options, run: RunFolder(folder.path))
      if isRefused {
        let error = #expect(throws: TrainingError.self) { try longer.fit(data, epochs: 3, resuming: true) }
        #expect(error?.description.contains("begun for 2") == true)
      } else {
        #expect(try longer.fit(data, epochs: 3, resuming: true).map(\.learningRate) == [0.2, 0.1, 0.05])
      }
    }
  }

  @Test func averagesAreJudgedAndBecomeTheResult() throws {
    let (data, validation) = (try points(100), try points(60, seed: 5))
    var options = options()
    options.averaging = WeightAverage.Rule(decay: 0.9)
    let (plain, averaged) = (network(), network())
    try trainer(plain, self.options()).fit(data, epochs: 2)
    let last = trainer(averaged, options)
    try last.fit(data, epochs: 2)
    let average = try #require(last.average)
    for named in averaged.parameters {
      #expect(named.parameter.value.scalars(as: Float.self) == average[named.name]?.scalars(as: Float.self))
    }
    #expect(average.stepCount == 14 && difference(plain, averaged) > 1e-3)

    let folder = TemporaryFolder()
    let judged = trainer(network(), options, run: RunFolder(folder.path))
    try judged.fit(data, validation: validation, epochs: 3)
    let best = try #require(judged.bestEpoch)
    #expect(try judged.evaluate(validation).loss == judged.history[best - 1].validationLoss)
    let saved = network(seed: 7)
    try saved.load(from: RunFolder(folder.path).model)
    #expect(bits(saved) == bits(judged.model))
    // The checkpoint has both: weights to go on with, averages to judge.
    let checkpoint = try Checkpoint(contentsOf: RunFolder(folder.path).last)
    #expect(checkpoint.average.count == 5)
    try checkpoint.restoreResult(saved)
    #expect(try judged.evaluate(validation).loss.isFinite)
    #expect(bits(saved)["0.weight"] == checkpoint.average["0.weight"]?.scalars(as: Float.self))
  }

  @Test func penaltyIsAddedAndReportedApart() throws {
    let batch = try #require(try points(32).batches(of: 32, shuffle: false).makeIterator().next())
    let (plain, penalized) = (network(), network())
    let before = bits(plain)
    func step(_ model: Sequential, _ penalty: WeightPenalty?) -> StepResult {
      trainStep(model, SGD(learningRate: 0.5), batch, loss: { crossEntropy($0, $1) }, penalty: penalty)
    }
    let (a, b) = (step(plain, nil), step(penalized, WeightPenalty(l1: 0.01, l2: 0.1)))
    #expect(abs(a.loss - b.loss) < 1e-6 && a.penalty == 0)
    let weights = (before["0.weight"] ?? []) + (before["2.weight"] ?? [])
    var sum = 0.0
    for weight in weights.map({ Double($0) }) { sum += 0.01 * abs(weight) + 0.1 * weight * weight }
    #expect(abs(b.penalty - sum) < 1e-5)
    let unpenalized = bits(plain)
    for (name, values) in bits(penalized) {
      let isWeight = name.hasSuffix("weight")
      for (index, value) in values.enumerated() {
        let w = before[name]?[index] ?? 0
        let slope: Float = (w > 0 ? 0.01 : -0.01) + 0.2 * w
        let pull: Float = isWeight ? 0.5 * slope : 0
        let wanted: Float = (unpenalized[name]?[index] ?? 0) - pull
        #expect(abs(value - wanted) < 1e-6, "\(name)")
      }
    }
  }

  @Test func maxNormHoldsAfterEveryStep() throws {
    var options = options()
    options.maxNorm = MaxNorm(0.6)
    let model = network()
    let trainer = trainer(model, options, SGD(learningRate: 1))
    trainer.hooks = [
      LambdaHook("lengths", every: .steps(1)) { _ in
        for (name, width) in [("0.weight", 2), ("2.weight", 8)] {
          let values = bits(model)[name] ?? []
          for row in stride(from: 0, to: values.count, by: width) {
            let length = values[row..<row + width].reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
            #expect(length <= 0.6001)
          }
        }
      }
    ]
    try trainer.fit(try points(100), epochs: 2)
    #expect((bits(model)["0.bias"] ?? []).contains { abs($0) > 0 })
  }

  @Test func groupsFreezeAndAreChecked() throws {
    let (model, data) = (network(), try points(50))
    let before = bits(model)
    let optimizer = SGD(learningRate: 0.5)
    optimizer.groups = [ParameterGroup(matching: "0.", isFrozen: true)]
    try trainer(model, options(), optimizer).fit(data, epochs: 1)
    #expect(bits(model)["0.weight"] == before["0.weight"] && bits(model)["0.bias"] == before["0.bias"])
    #expect(bits(model)["2.weight"] != before["2.weight"])
    for (groups, words) in [
      ([ParameterGroup(matching: "conv")], ["conv", "0.weight"]), ([ParameterGroup(isFrozen: true)], ["everything"]),
      ([ParameterGroup(matching: "0.", learningRateFactor: -1)], ["learningRateFactor"]),
    ] {
      optimizer.groups = groups
      let error = #expect(throws: (any Error).self) { try trainer(model, options(), optimizer).fit(data, epochs: 1) }
      for word in words { #expect("\(error.map { "\($0)" } ?? "")".contains(word)) }
    }
  }

  @Test func impossibleOptionsAreSentences() throws {
    let data = try points(20)
    let changes: [((inout TrainingOptions) -> Void, String)] = [
      ({ $0.accumulation = 0 }, "accumulation"), ({ $0.clipping = .eachNorm(0) }, "clipping"),
      ({ $0.clipping = .value(.nan) }, "clipping"), ({ $0.schedule = StepSchedule(every: 0) }, "schedule"),
      ({ $0.plateau = ReduceOnPlateau(factor: 2) }, "schedule"), ({ $0.averaging = .init(decay: 1) }, "average"),
      ({ $0.penalty = .l2(-1) }, "penalty"), ({ $0.penalty = .l2(layers: ["7": 1]) }, "penalty"),
      ({ $0.maxNorm = MaxNorm(0) }, "max-norm"),
    ]
    for (change, place) in changes {
      var options = options()
      change(&options)
      let error = #expect(throws: TrainingError.self) { try trainer(network(), options).fit(data, epochs: 1) }
      #expect(error?.place.contains(place) == true, "\(place)")
    }
    struct Bad: LearningRateSchedule {
      func learningRate(_ base: Double, at time: Double, of total: Double) -> Double { .nan }
    }
    var options = options()
    options.schedule = Bad()
    let error = #expect(throws: TrainingError.self) { try trainer(network(), options).fit(data, epochs: 1) }
    #expect(error?.problem.contains("nan") == true)
  }

  @Test func divergenceIsFoundInAccumulatedSteps() throws {
    var options = options(8)
    (options.accumulation, options.schedule) = (2, ExponentialSchedule(factor: 0.9))
    let error = #expect(throws: TrainingError.self) {
      try trainer(network(), options, SGD(learningRate: 1e30)).fit(try points(64), epochs: 3)
    }
    #expect(error?.place.contains("diverged in step") == true)
    #expect(error?.problem.contains("could not be found") == false)
  }

  @Test func finderTriesRatesAndChangesNothing() throws {
    let (model, clean) = (network(), try points(200))
    // Wrong labels: what can be told apart by a line is learnt at any rate.
    let labels = clean.targets.scalars(as: Int32.self).enumerated().map {
      $0.offset % 5 == 0 ? 1 - $0.element : $0.element
    }
    let data = try Dataset(
      name: "points", inputs: clean.inputs, targets: HostArray(labels, shape: [200]), classNames: clean.classNames)
    let optimizer = SGD(learningRate: 0.125, momentum: 0.5)
    let trainer = trainer(model, options(), optimizer)
    try trainer.fit(data, epochs: 1)
    let (before, state) = (bits(model), optimizer.stateSnapshot().mapValues { $0.scalars(as: Float.self) })
    let finder = LearningRateFinder(lowest: 1e-4, highest: 1e6, steps: 60, smoothing: 0.5)
    let found = try trainer.findLearningRate(data, with: finder)
    #expect(bits(model) == before && optimizer.learningRate == 0.125 && trainer.history.count == 1)
    #expect(optimizer.stateSnapshot().mapValues { $0.scalars(as: Float.self) } == state)
    #expect(found.diverged && found.points.count > 5 && found.points.count < 60)
    for (index, point) in found.points.enumerated() {
      let wanted = 1e-4 * exponential(Double(index) / 59 * 23.025850929940457)
      #expect(abs(point.learningRate - wanted) < 1e-9 * wanted)
    }
    let fresh = self.trainer(network(), options(), SGD(learningRate: 1))
    let suggested = try fresh.findLearningRate(data, with: finder)
    let (rate, steepest) = (try #require(suggested.suggestion), try #require(suggested.steepest))
    #expect(rate > 1e-3 && rate < 10 && steepest < suggested.least ?? 0)
    #expect(try fresh.findLearningRate(data, with: finder) == suggested)
  }

  @Test func finderReadsCurves() {
    let finder = LearningRateFinder(lowest: 1, highest: 1e9, steps: 10, smoothing: 0)
    func result(_ losses: [Double]) -> LearningRateFinder.Result {
      finder.result(
        losses.enumerated().map {
          .init(learningRate: finder.learningRate($0.offset), loss: $0.element, smoothedLoss: $0.element)
        }, diverged: false)
    }
    let found = result([5, 5, 4.9, 4.5, 3, 2.5, 2.4, 2.6, 4, 9])
    #expect(found.steepest.map { abs($0 - 1e3) < 1e-6 || abs($0 - 1e4) < 1e-6 } == true)
    #expect(found.least.map { abs($0 - 1e6) < 1e-3 } == true && found.suggestion == found.steepest)
    #expect(result([1, 2, 3, 4, 5]).suggestion == nil && result([]).suggestion == nil && result([1]).least == nil)
    for wrong in [
      LearningRateFinder(lowest: 0), LearningRateFinder(lowest: 1, highest: 1), LearningRateFinder(steps: 9),
      LearningRateFinder(smoothing: 1), LearningRateFinder(limit: 1), LearningRateFinder(highest: .nan),
    ] { #expect(throws: TrainingError.self) { try wrong.validate() } }
  }
}
