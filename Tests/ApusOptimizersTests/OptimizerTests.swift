import ApusCPU
import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusOptimizers

@Suite struct OptimizerTests {
  @Test(arguments: [DType.float32, .float64]) func tenSteps(dtype: DType) throws {
    let cases = try optimizerCases(dtype)
    #expect(cases.count == 35)
    for golden in cases {
      let optimizer = try #require(makeOptimizer(golden))
      try withExecutor {
        let model = try Two(golden)
        for step in 0..<10 {
          try take(step, golden, model, optimizer)
          for named in model.parameters {
            let error = difference(named.parameter.value, row(try golden.array("steps." + named.name), step))
            #expect(error <= tolerance(dtype), "\(golden.name) step \(step) \(named.name) is off by \(error)")
            #expect(named.parameter.value.isRealized)
          }
        }
        #expect(optimizer.stepCount == 10)
      }
    }
  }

  @Test func resumedStateTakesTheSameSteps() throws {
    for golden in try optimizerCases(.float32) {
      let (optimizer, resumed) = (try #require(makeOptimizer(golden)), try #require(makeOptimizer(golden)))
      try withExecutor {
        let model = try Two(golden)
        for step in 0..<4 { try take(step, golden, model, optimizer) }
        let copy = try Two(golden)
        try copy.restore(model.snapshot())
        let state = optimizer.stateSnapshot()
        try resumed.restoreState(state, of: copy)
        for step in 4..<7 {
          try take(step, golden, model, optimizer)
          try take(step, golden, copy, resumed)
        }
        #expect(resumed.stepCount == 7)
        for (a, b) in zip(model.parameters, copy.parameters) {
          #expect(a.parameter.value.scalars(as: Float.self) == b.parameter.value.scalars(as: Float.self))
        }
      }
    }
  }

  /// Ten steps at rates that pass through numbers the compiler knows are one plan.
  @Test func stepsOfAnyRateAreOnePlan() throws {
    for golden in try optimizerCases(.float32) {
      let optimizer = try #require(makeOptimizer(golden))
      let executor = CPUExecutor.make()
      try Execution.$override.withValue(executor) {
        let model = try Two(golden)
        realize(model.p0.value, model.p1.value)
        for (step, rate) in [1, 0, 0.5, 0.1, 2, 1, 0.3, 0.2, 0.1, 0].enumerated() {
          optimizer.learningRate = rate
          try take(step, golden, model, optimizer)
        }
      }
      // PyTorch's momentum begins with the whole gradient, whatever the dampening: a plan of its own.
      let plans = golden.options["dampening"].map { $0.double > 0 } == true ? 2 : 1
      #expect(executor.statistics.compiledPlans == plans, "\(golden.name)")
    }
  }

  @Test func statesThatDoNotFitAreNamed() {
    withExecutor {
      let model = Two(p0: Parameter(Tensor.zeros([2])), p1: Parameter(Tensor.zeros([1])))
      let adam = Adam()
      let state = [
        "step": Tensor(Int64(3)), "p0.exp_avg": Tensor.zeros([3]), "p0.step": Tensor(Int64(3)),
        "p2.exp_avg": Tensor.zeros([1]),
      ]
      let error = #expect(throws: RestoreError.self) { try adam.restoreState(state, of: model) }
      #expect(
        error?.description
          == "the optimizer's state does not fit Adam and Two: it has p2.exp_avg, which the model has not; "
          + "p0.exp_avg is f32[3] where the model has f32[2]")
      #expect(adam.stepCount == 0)
      let missing = #expect(throws: RestoreError.self) { try adam.restoreState([:], of: model) }
      #expect(missing?.missing == ["step"])
    }
  }

  @Test func hyperparametersAreChecked() {
    func problem(_ optimizer: any Optimizer) -> String? {
      do throws(HyperparameterError) {
        try optimizer.validate()
        return nil
      } catch { return error.description }
    }
    #expect(problem(SGD(learningRate: 0.1)) == nil)
    #expect(problem(SGD(learningRate: -1)) == "learningRate must be a number of at least 0, got -1.0")
    #expect(problem(SGD(learningRate: .nan)) == "learningRate must be a number of at least 0, got nan")
    #expect(problem(SGD(learningRate: .infinity)) != nil)
    #expect(problem(SGD(learningRate: 0.1, momentum: 1)) == "momentum must be at least 0 and below 1, got 1.0")
    #expect(problem(SGD(learningRate: 0.1, momentum: 0.9, dampening: -0.1)) != nil)
    #expect(problem(SGD(learningRate: 0.1, nesterov: true)) == "momentum must be positive with nesterov, got 0.0")
    #expect(problem(SGD(learningRate: 0.1, momentum: 0.9, dampening: 0.1, nesterov: true)) != nil)
    #expect(problem(SGD(learningRate: 0.1, weightDecay: -1)) != nil)
    #expect(problem(Adam()) == nil)
    #expect(problem(Adam(beta1: 1)) == "beta1 must be at least 0 and below 1, got 1.0")
    #expect(problem(Adam(beta2: -0.1)) != nil)
    #expect(problem(Adam(epsilon: .nan)) != nil)
    #expect(problem(Adam(weightDecay: -1)) != nil)
    #expect(problem(AdamW()) == nil && problem(AdaGrad()) == nil && problem(RMSProp()) == nil)
    #expect(
      problem(AdaDelta()) == nil && problem(Adamax()) == nil && problem(NAdam()) == nil && problem(RAdam()) == nil)
    let wrong: [(any Optimizer, String)] = [
      (AdamW(beta2: 1), "beta2"), (AdamW(weightDecay: .nan), "weightDecay"), (AdamW(epsilon: -1), "epsilon"),
      (AdaGrad(learningRateDecay: -1), "learningRateDecay"), (AdaGrad(initialAccumulator: -1), "initialAccumulator"),
      (AdaGrad(epsilon: .nan), "epsilon"), (RMSProp(decay: 1), "decay"), (RMSProp(momentum: 1), "momentum"),
      (RMSProp(learningRate: .infinity), "learningRate"), (AdaDelta(decay: -0.1), "decay"),
      (AdaDelta(epsilon: 0), "epsilon"), (Adamax(beta1: 1), "beta1"), (Adamax(epsilon: 0), "epsilon"),
      (NAdam(momentumDecay: -1), "momentumDecay"), (NAdam(beta1: .nan), "beta1"), (RAdam(beta2: 1), "beta2"),
      (RAdam(weightDecay: -1), "weightDecay"),
    ]
    for (optimizer, name) in wrong { #expect(problem(optimizer)?.hasPrefix(name + " must be") == true) }
    let adam = Adam()
    adam.groups = [ParameterGroup(matching: "conv", learningRateFactor: -1)]
    let error = #expect(throws: HyperparameterError.self) { try adam.validateGroups() }
    #expect(error?.description == "learningRateFactor must be a number of at least 0, got -1.0")
  }

  @Test func decayMayBeLimitedToRoles() {
    withExecutor {
      let model = Two(p0: Parameter(Tensor.ones([1])), p1: Parameter(Tensor.ones([1]), role: .bias))
      let optimizer = SGD(learningRate: 1, weightDecay: 0.25)
      optimizer.decayedRoles = [.weight]
      let zero = Tensor.zeros([1])
      optimizer.update(model, along: Gradients(of: model, value: Tensor.zeros([]), ["p0": zero, "p1": zero]))
      #expect(model.p0.value.item() == 0.75 && model.p1.value.item() == 1)
    }
  }

  @Test func stepsRealizeStatesLossAndOthersAndSkipUnused() {
    withExecutor {
      let layer = BatchNorm(3)
      let model = Sequential {
        layer
        Dense(3, 2)
      }
      let optimizer = Adam()
      let x = Tensor([1, 2, 3, 4, 5, 7] as [Float], shape: [2, 3])
      let gradients = valueWithGradient(of: model) {
        let y = model(x)
        return (y.squared().sum(), [y])
      }
      let norm = gradients.globalNorm()
      optimizer.update(model, along: gradients, realizing: [norm])
      let all = [gradients.value, gradients.auxiliary[0], norm, layer.runningMean.value, layer.runningVar.value]
      #expect(all.allSatisfy { $0.isRealized })
      let means = layer.runningMean.value.scalars(as: Double.self)
      #expect(zip(means, [0.25, 0.35, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 })
      #expect(model.parameters.allSatisfy { $0.parameter.value.isRealized })
      let unused = Two(p0: Parameter(Tensor.ones([1])), p1: Parameter(Tensor.ones([1])))
      let (_, part) = valueWithGradient(of: unused) { unused.p0.value.sum() }
      SGD(learningRate: 0.5, momentum: 0.9, weightDecay: 0.1).update(unused, along: part)
      #expect(unused.p1.value.item() == 1 && abs(unused.p0.value.item() - 0.45) < 1e-6)
    }
  }

  @Test func gradientsOfAnotherModelAreRefused() async {
    await #expect(processExitsWith: .failure) {
      let model = Two(p0: Parameter(Tensor.ones([1])), p1: Parameter(Tensor.ones([1])))
      let gradients = Gradients(of: model, value: Tensor.zeros([]), ["p0": Tensor.ones([1])])
      SGD(learningRate: 1).update(Dense(1, 1), along: gradients)
    }
  }
}
