import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusOptimizers

private struct Two: Module {
  var p0: Parameter
  var p1: Parameter
}

@Suite struct OptimizerTests {
  private func make(_ golden: GoldenFile.Case) -> (any Optimizer)? {
    let options = golden.options
    func number(_ key: String) -> Double { options[key]?.double ?? 0 }
    switch golden.operation {
    case "SGD":
      return SGD(
        learningRate: number("lr"), momentum: number("momentum"), dampening: number("dampening"),
        nesterov: options["nesterov"]?.isTrue == true, weightDecay: number("weight_decay"))
    case "Adam":
      guard case .list(let betas) = options["betas"] else { return nil }
      return Adam(
        learningRate: number("lr"), beta1: betas[0], beta2: betas[1], epsilon: number("eps"),
        weightDecay: number("weight_decay"), amsgrad: options["amsgrad"]?.isTrue == true)
    default: return nil
    }
  }

  private func model(_ golden: GoldenFile.Case) throws -> Two {
    Two(p0: Parameter(try golden.tensor("p0")), p1: Parameter(try golden.tensor("p1"), role: .bias))
  }

  /// Row `step` of a recorded history.
  private func row(_ history: HostArray, _ step: Int) -> HostArray {
    let shape = history.shape.removing(axes: [0])
    let count = shape.elementCount
    let values = Array(history.scalars(as: Double.self)[step * count..<(step + 1) * count])
    return history.dtype == .float64
      ? HostArray(values, shape: shape) : HostArray(values.map { Float($0) }, shape: shape)
  }

  private func take(_ step: Int, _ golden: GoldenFile.Case, _ model: Two, _ optimizer: any Optimizer) throws {
    var tensors: [String: Tensor] = [:]
    for name in ["p0", "p1"] { tensors[name] = Tensor(row(try golden.array("gradients." + name), step)) }
    let loss = Tensor(repeating: 0, shape: [], dtype: model.p0.type.dtype)
    optimizer.update(model, along: Gradients(of: model, value: loss, tensors))
  }

  @Test(arguments: [DType.float32, .float64]) func tenSteps(dtype: DType) throws {
    var count = 0
    for golden in try GoldenFile("optimizers", dtype).cases {
      guard let optimizer = make(golden) else { continue }
      count += 1
      try withExecutor {
        let model = try model(golden)
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
    #expect(count == 9)
  }

  @Test func resumedStateTakesTheSameSteps() throws {
    for golden in try GoldenFile("optimizers", .float32).cases {
      guard let optimizer = make(golden), let resumed = make(golden) else { continue }
      try withExecutor {
        let model = try model(golden)
        for step in 0..<4 { try take(step, golden, model, optimizer) }
        let copy = try self.model(golden)
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
