import ApusCPU
import ApusNN
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusOptimizers

@Suite struct SparseRowTests {
  private struct Words: Module {
    var table: Embedding
    var factor: Parameter

    init(_ values: Tensor, isSparse: Bool = true) {
      table = Embedding(values.shape[0], values.shape[1], isSparse: isSparse, dtype: values.dtype)
      table.weight.value = values
      factor = Parameter(Tensor.ones([values.shape[1]], dtype: values.dtype), role: .scale)
    }

    func loss(_ numbers: Tensor) -> Tensor { sin(table(numbers) * factor.value).sum() }
  }

  /// PyTorch's rule; its SparseAdam adds epsilon to the root before the root is corrected, ours after it.
  private func make(_ golden: GoldenFile.Case) -> (any Optimizer)? {
    guard golden.operation == "SparseAdam" else { return makeOptimizer(golden) }
    let betas = golden.options["betas"]?.doubles ?? []
    return Adam(learningRate: golden.options["lr"]?.double ?? 0, beta1: betas[0], beta2: betas[1])
  }

  @Test(arguments: [DType.float32, .float64]) func tenStepsEqualPyTorch(dtype: DType) throws {
    let cases = try GoldenFile("sparse", dtype).cases
    #expect(cases.count == 5)
    for golden in cases {
      let optimizer = try #require(make(golden))
      let (numbers, factors) = (try golden.array("numbers"), try golden.tensor("factors"))
      let losses = try golden.array("losses").scalars(as: Double.self)
      try withExecutor {
        let table = Embedding(9, 5, isSparse: true, dtype: dtype)
        table.weight.value = try golden.tensor("table")
        for step in 0..<10 {
          if let adam = optimizer as? Adam {
            var rest = 1.0
            for _ in 0...step { rest *= adam.beta2 }
            adam.epsilon = (golden.options["eps"]?.double ?? 0) / (1 - rest).squareRoot()
          }
          let looked = Tensor(row(numbers, step)).cast(to: .int64)
          let (loss, gradients) = valueWithGradient(of: table) {
            (sin(table(looked)) * factors[step]).sum() + table(looked[0, 0]).squared().sum()
          }
          optimizer.update(table, along: gradients, overwritesParameters: step % 2 == 0)
          #expect(abs(loss.item() - losses[step]) <= tolerance(dtype) * max(1, abs(losses[step])))
          let error = difference(table.weight.value, row(try golden.array("steps"), step))
          #expect(error <= tolerance(dtype), "\(golden.name) step \(step) is off by \(error)")
        }
      }
    }
  }

  /// Rows of value and state that do not occur keep their bits; the memory is the same in every step.
  @Test func otherRowsAreNotTouched() throws {
    let rules: [(any Optimizer, buffers: Int)] = [
      (SGD(learningRate: 0.3), 1), (AdaGrad(learningRate: 0.2, initialAccumulator: 0.1), 2),
      (Adam(learningRate: 0.1, amsgrad: true), 4), (AdamW(learningRate: 0.1, weightDecay: 0), 3),
    ]
    for (optimizer, buffers) in rules {
      let executor = CPUExecutor.make()
      try Execution.$override.withValue(executor) {
        let model = Words(Tensor.randomNormal([50, 24], seed: 4))
        realize(model.table.weight.value, model.factor.value)
        let plans = executor.statistics.compiledPlans
        for (step, used) in [[3, 17, 3, 49], [0, 3, 3, 3], [8, 9, 10, 11]].enumerated() {
          let before = model.table.weight.value.scalars(as: Float.self)
          let states = optimizer.stateSnapshot().filter { $0.key.hasPrefix("table.weight.") && $0.value.rank == 2 }
            .mapValues { $0.scalars(as: Float.self) }
          let reused = executor.statistics.reusedBuffers
          let (_, gradients) = valueWithGradient(of: model) { model.loss(Tensor(used.map { Int32($0) })) }
          optimizer.update(model, along: gradients, overwritesParameters: true)
          // The table and its state, and as many of the factor; plain descent keeps no state.
          #expect(executor.statistics.reusedBuffers - reused == 2 * buffers, "\(type(of: optimizer)) step \(step)")
          let after = model.table.weight.value.scalars(as: Float.self)
          for row in 0..<50 {
            let (old, new) = (before[row * 24..<(row + 1) * 24], after[row * 24..<(row + 1) * 24])
            #expect(old.elementsEqual(new) { $0.bitPattern == $1.bitPattern } == !used.contains(row), "row \(row)")
          }
          for (name, tensor) in optimizer.stateSnapshot() {
            guard let old = states[name] else { continue }
            let new = tensor.scalars(as: Float.self)
            for row in 0..<50 where !used.contains(row) {
              #expect(old[row * 24..<(row + 1) * 24] == new[row * 24..<(row + 1) * 24])
            }
          }
        }
        #expect(executor.statistics.compiledPlans == plans + 1, "\(type(of: optimizer))")
      }
    }
  }

  /// Plain descent and AdaGrad do by rows what they do with the whole table; Adam does as long as every row occurs.
  @Test func rowsEqualTheWholeTable() {
    let steps: [[Int32]] = [[3, 1, 3, 5], [0, 1, 1, 1], [5, 2, 4, 0]]
    let every: [[Int32]] = [[0, 1, 2, 3, 4, 5, 5], [5, 5, 4, 3, 2, 1, 0], [1, 0, 2, 3, 5, 4, 3]]
    let rules: [(() -> any Optimizer, [[Int32]])] = [
      ({ SGD(learningRate: 0.3) }, steps), ({ AdaGrad(learningRate: 0.2, learningRateDecay: 0.1) }, steps),
      ({ Adam(learningRate: 0.1, beta1: 0.8, epsilon: 1e-3, epsilonPlacement: .insideRoot) }, every),
      ({ AdamW(learningRate: 0.1, weightDecay: 0, amsgrad: true) }, every),
    ]
    for (make, steps) in rules {
      withExecutor {
        func train(_ isSparse: Bool, accumulates: Bool = false) -> [Double] {
          let model = Words(Tensor.randomNormal([6, 3], dtype: .float64, seed: 9), isSparse: isSparse)
          let optimizer = make()
          optimizer.groups = [ParameterGroup(matching: "table", learningRateFactor: 0.5)]
          for numbers in steps {
            let whole = Tensor(numbers)
            let parts = accumulates ? [whole[0..<2], whole[2...]] : [whole]
            let gradients = parts.map { part in valueWithGradient(of: model) { model.loss(part) }.gradients.realized() }
            let sum = gradients.dropFirst().reduce(gradients[0], +)
            optimizer.update(model, along: sum.clipped(globalNorm: 1.5))
          }
          return model.table.weight.value.scalars() + model.factor.value.scalars()
        }
        let whole = train(false)
        for rows in [train(true), train(true, accumulates: true)] {
          for (a, b) in zip(rows, whole) { #expect(abs(a - b) < 1e-12, "\(type(of: make()))") }
        }
      }
    }
  }

  @Test func resumedStateTakesTheSameSteps() throws {
    try withExecutor {
      func step(_ model: Words, _ optimizer: Adam, _ number: Int32) {
        let (_, gradients) = valueWithGradient(of: model) { model.loss(Tensor([number, 2, number])) }
        optimizer.update(model, along: gradients)
      }
      let (model, optimizer) = (Words(Tensor.randomNormal([5, 3], seed: 2)), Adam(learningRate: 0.1))
      for number in [0, 1, 4] as [Int32] { step(model, optimizer, number) }
      let (copy, resumed) = (Words(Tensor.zeros([5, 3])), Adam(learningRate: 0.1))
      try copy.restore(model.snapshot())
      try resumed.restoreState(optimizer.stateSnapshot(), of: copy)
      // What the rule keeps may grow on the way.
      for rule in [optimizer, resumed] { rule.amsgrad = true }
      for number in [4, 3] as [Int32] {
        step(model, optimizer, number)
        step(copy, resumed, number)
      }
      #expect(model.table.weight.value.scalars(as: Float.self) == copy.table.weight.value.scalars(as: Float.self))
      #expect(optimizer.stateSnapshot()["table.weight.max_exp_avg_sq"]?.shape == [5, 3])
    }
  }

  @Test func whatWouldChangeEveryRowIsRefused() {
    let model = Words(Tensor.zeros([4, 2]))
    func problem(_ optimizer: any Optimizer, _ group: ParameterGroup? = nil) -> String {
      optimizer.groups = group.map { [$0] } ?? []
      do {
        try optimizer.validateRows(of: model)
        return ""
      } catch { return error.description }
    }
    #expect(
      problem(SGD(learningRate: 0.1, momentum: 0.9))
        == "'table.weight' is trained row by row, which SGD with these settings cannot do; take plain gradient descent "
        + "without momentum, AdaGrad, Adam or AdamW, or train it as a whole")
    let others: [any Optimizer] = [RMSProp(), AdaDelta(), Adamax(), NAdam(), RAdam()]
    for rule in others { #expect(problem(rule).contains("row by row, which \(type(of: rule)) with")) }
    #expect(
      problem(AdamW())
        == "the weight decay of 0.01 would change every row of 'table.weight', which is trained row by row; give it a "
        + "group of its own with a weight decay of 0, or train it as a whole")
    #expect(problem(AdamW(), ParameterGroup(matching: "table", weightDecay: 0)) == "")
    #expect(problem(Adam(), ParameterGroup(matching: "table", weightDecay: 0.5)).contains("decay of 0.5"))
    #expect(problem(Adamax(), ParameterGroup(matching: "table", isFrozen: true)) == "")
    let biases = Adam(weightDecay: 0.1)
    biases.decayedRoles = [.bias]
    #expect(problem(biases) == "")
    model.table.weight.isTrainable = false
    #expect(problem(Adamax()) == "")
  }
}
