import Apus
import Testing

@testable import ApusTraining

@Suite struct HookTests {
  private func trainer(
    _ model: Sequential = network(), run: RunFolder? = nil, hooks: [any TrainingHook]
  ) -> Trainer<Sequential> {
    var options = TrainingOptions()
    options.batchSize = 16
    return Trainer(
      model, loss: { crossEntropy($0, $1) }, optimizer: SGD(learningRate: 0.1, momentum: 0.5), options: options,
      run: run, hooks: hooks)
  }

  @Test func calledInOrderFromBeginToEnd() throws {
    var calls: [String] = []
    let first = LambdaHook(
      "first", every: .stepsAndEpochs(3, 1), begin: { calls.append("first begins at \($0.step)") },
      end: { calls.append("first ends at \($0.step) after \($0.history.count)") },
      run: { calls.append("first \($0.record == nil ? "step" : "epoch") \($0.step)") })
    let second = LambdaHook("second", every: .epochs(2)) { calls.append("second epoch \($0.epoch)") }
    try trainer(hooks: [first, second]).fit(points(64), epochs: 2)
    #expect(
      calls == [
        "first begins at 0", "first step 3", "first epoch 4", "first step 6", "first epoch 8", "second epoch 2",
        "first ends at 8 after 2",
      ])
  }

  @Test func errorsNameTheHook() throws {
    struct Broken: Error {}
    let fail: (TrainingControl) throws -> Void = { _ in throw Broken() }
    for (hook, place) in [
      (LambdaHook("logger", every: .steps(3)) { _ in throw Broken() }, "hook 'logger' after step 3"),
      (LambdaHook("logger", every: .steps(3), begin: fail, run: { _ in }), "hook 'logger' at the beginning"),
      (LambdaHook("logger", every: .steps(3), end: fail, run: { _ in }), "hook 'logger' at the end"),
      (LambdaHook("logger", every: .epochs(0)) { _ in }, "hook 'logger'"),
      (LambdaHook("logger", every: .stepsAndEpochs(1, -1)) { _ in }, "hook 'logger'"),
    ] {
      #expect {
        try trainer(hooks: [hook]).fit(points(64), epochs: 1)
      } throws: {
        ($0 as? TrainingError)?.place == place
      }
    }
  }

  @Test func aHookStopsTheTrainingAndItResumes() throws {
    let data = try points(64)
    let whole = network()
    try trainer(whole, hooks: []).fit(data, epochs: 3)

    let folder = TemporaryFolder()
    let stop = LambdaHook("time limit", every: .steps(6)) { $0.control?.stop("the time is up") }
    let stopped = trainer(run: RunFolder(folder.path), hooks: [stop])
    let history = try stopped.fit(data, epochs: 3)
    #expect(history.count == 1 && stopped.stopReason == "the time is up" && stopped.optimizer.stepCount == 6)
    #expect(RunFolder(folder.path).holdsModel)
    let resumed = network(seed: 7)
    let second = trainer(resumed, run: RunFolder(folder.path), hooks: [])
    try second.fit(data, epochs: 3, resuming: true)
    #expect(second.history.count == 3 && second.stopReason == nil)
    #expect(bits(resumed) == bits(whole))
  }

  @Test func gradientsAndActivationsChangeNothing() throws {
    let data = try points(64)
    func model() -> Sequential {
      withRandomSeed(3) {
        Sequential {
          Dense(2, 8, activation: .relu)
          Dropout(0.4)
          Dense(8, 2)
        }
      }
    }
    let (plain, watched) = (model(), model())
    try trainer(plain, hooks: []).fit(data, epochs: 2)
    var norms: [Double] = []
    var layers: [[String]] = []
    var smallest = Float.infinity
    let hook = LambdaHook("watch", every: .steps(2)) { moment in
      let gradients = try #require(moment.control?.gradients())
      norms.append(try #require(gradients["0.weight"]).scalars(as: Double.self).reduce(0) { $0 + $1 * $1 })
      let activations = try #require(moment.control?.activations())
      layers.append(activations.map(\.layer))
      #expect(activations[0].output.shape == [16, 8] && activations[1].output.shape == [16, 2])
      smallest = min(smallest, activations[0].output.scalars(as: Float.self).min() ?? 0)
    }
    try trainer(watched, hooks: [hook]).fit(data, epochs: 2)
    #expect(bits(plain) == bits(watched))
    #expect(norms.count == 4 && norms.allSatisfy { $0 > 0 } && Set(norms).count == 4)
    #expect(layers == Array(repeating: ["0", "2"], count: 4))
    // What the layer gives is what its activation gives.
    #expect(smallest == 0)
  }

  @Test func gradientsAreThoseOfTheLastBatch() throws {
    let data = try points(16)
    let model = network()
    var seen: [Float] = []
    let hook = LambdaHook("watch", every: .steps(1)) { moment in
      seen = try #require(moment.control?.gradients()?["2.bias"]).scalars()
      #expect(moment.batchLoss == moment.loss && moment.learningRate == 0.1)
    }
    let trainer = trainer(model, hooks: [hook])
    try trainer.fit(data, epochs: 1)
    let batch = try data.batch(Array(0..<16), normalization: trainer.normalization)
    let expected = valueWithGradient(of: model) {
      crossEntropy(model(Tensor(batch.inputs)), Tensor(batch.targets))
    }.gradients["2.bias"]
    for (a, b) in zip(seen, try #require(expected).scalars(as: Float.self)) { #expect(abs(a - b) < 1e-6) }
  }
}
