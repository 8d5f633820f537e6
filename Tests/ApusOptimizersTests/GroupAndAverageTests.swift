import ApusCPU
import ApusNN
import ApusOptimizers
import ApusTensor
import GoldenFiles
import Testing

@Suite struct GroupAndAverageTests {
  private func ones() -> Two {
    Two(
      p0: Parameter(Tensor([1, 1] as [Float], shape: [2])),
      p1: Parameter(Tensor([1] as [Float], shape: [1]), role: .bias))
  }

  private func gradients(_ model: Two, _ value: Double = 1) -> Gradients {
    let tensors = ["p0": Tensor(repeating: value, shape: [2]), "p1": Tensor(repeating: value, shape: [1])]
    return Gradients(of: model, value: Tensor.zeros([]), tensors)
  }

  @Test func firstGroupThatMatchesCounts() {
    withExecutor {
      let model = ones()
      let optimizer = SGD(learningRate: 0.5, weightDecay: 0.25)
      optimizer.groups = [
        ParameterGroup(role: .bias, learningRateFactor: 0.5, weightDecay: 0),
        ParameterGroup(matching: "p", isFrozen: true),
      ]
      optimizer.update(model, along: gradients(model))
      #expect(model.p0.value.scalars(as: Float.self) == [1, 1] && model.p1.value.item() == 0.75)
      #expect(optimizer.stateSnapshot().keys.sorted() == ["p1.step", "step"])
    }
  }

  @Test func frozenGradientsCountInNoNorm() {
    withExecutor {
      let model = ones()
      let optimizer = SGD(learningRate: 1)
      optimizer.groups = [ParameterGroup(matching: "p0", isFrozen: true)]
      let found = optimizer.withoutFrozen(gradients(model, 3))
      #expect(found["p0"] == nil && found.globalNorm().item() == 3)
      #expect(optimizer.group(of: "p0", .weight)?.isFrozen == true && optimizer.group(of: "p1", .bias) == nil)
    }
  }

  @Test(arguments: [DType.float32, .float64]) func averagesArePyTorchs(dtype: DType) throws {
    let golden = try #require(try GoldenFile("optimization", dtype).cases(of: "AveragedModel").first)
    try withExecutor {
      let model = try Two(golden)
      let optimizer = SGD(learningRate: golden.options["lr"]?.double ?? 0)
      let average = WeightAverage(.init(decay: golden.options["decay"]?.double ?? 0))
      for step in 0..<10 {
        try take(step, golden, model, optimizer, average: average)
        for name in ["p0", "p1"] {
          let found = try #require(average[name])
          let error = difference(found, row(try golden.array("averages." + name), step))
          #expect(error <= tolerance(dtype) && found.isRealized, "\(name) step \(step) is off by \(error)")
        }
      }
    }
  }

  /// The recursions of the documentation, written out.
  @Test(arguments: WeightAverage.Rule.Start.allCases) func averagesFollowTheirRule(start: WeightAverage.Rule.Start) {
    withExecutor {
      let model = ones()
      let (optimizer, average) = (SGD(learningRate: 0.1), WeightAverage(.init(decay: 0.9, start: start)))
      var (w, wanted, power, sum) = (1.0, 0.0, 1.0, 0.0)
      for t in 1...12 {
        optimizer.update(model, along: gradients(model, Double(t)), average: average)
        w -= 0.1 * Double(t)
        power *= 0.9
        switch start {
        case .first: wanted = t == 1 ? w : 0.9 * wanted + 0.1 * w
        case .corrected:
          sum = 0.9 * sum + 0.1 * w
          wanted = sum / (1 - power)
        case .warmUp:
          let decay = t == 1 ? 0 : min(0.9, (1 + Double(t)) / (10 + Double(t)))
          wanted = decay * wanted + (1 - decay) * w
        }
        #expect(abs((average["p0"]?.scalars(as: Double.self)[1] ?? .nan) - wanted) < 1e-5 * max(abs(wanted), 1))
      }
    }
  }

  @Test func averagesAreOnePlanWithTheStep() {
    let executor = CPUExecutor.make()
    Execution.$override.withValue(executor) {
      let model = ones()
      let (optimizer, average) = (Adam(learningRate: 0.1), WeightAverage(.init(decay: 0.5, start: .corrected)))
      for t in 1...6 {
        let before = executor.statistics.replays
        optimizer.update(model, along: gradients(model, Double(t) + 0.1), average: average)
        #expect(executor.statistics.replays == before + 1)
      }
      #expect(executor.statistics.compiledPlans == 1)
    }
  }

  @Test func averagesStandInForWeights() throws {
    try withExecutor {
      let model = ones()
      let (optimizer, average) = (SGD(learningRate: 1), WeightAverage(.init(decay: 0.5)))
      for _ in 0..<2 { optimizer.update(model, along: gradients(model), average: average) }
      #expect(model.p1.value.item() == -1)
      #expect(average.withAverages { model.p1.value.item() } == -0.5)
      #expect(model.p1.value.item() == -1)
      // Going on from a snapshot is going on.
      let (copy, resumed) = (ones(), WeightAverage(.init(decay: 0.5)))
      try copy.restore(model.snapshot())
      try resumed.restoreState(average.stateSnapshot(), of: copy)
      optimizer.update(model, along: gradients(model), average: average)
      SGD(learningRate: 1).update(copy, along: gradients(copy), average: resumed)
      #expect(average["p0"]?.scalars(as: Float.self) == resumed["p0"]?.scalars(as: Float.self))
      #expect(resumed.stepCount == 3 && resumed["p1"]?.item() == -1.25)
      resumed.replaceWeights()
      #expect(copy.p1.value.item() == -1.25)
      #expect(throws: RestoreError.self) { try resumed.restoreState(["p0": Tensor.zeros([2])], of: copy) }
      #expect(throws: RestoreError.self) {
        try resumed.restoreState(["step": Tensor(Int64(1)), "p0": Tensor.zeros([3])], of: copy)
      }
      #expect(throws: RestoreError.self) {
        try resumed.restoreState(["step": Tensor(Int64(1)), "p7": Tensor.zeros([3])], of: copy)
      }
      #expect(resumed.stepCount == 3)
    }
  }

  @Test func constraintsActBeforeTheValueIsComputed() {
    withExecutor {
      let model = ones()
      let average = WeightAverage(.init(decay: 0.5))
      SGD(learningRate: 1).update(
        model, along: gradients(model, -5), constraint: { $0.name == "p0" ? $1.clamped(below: 2) : $1 },
        average: average)
      #expect(model.p0.value.scalars(as: Float.self) == [2, 2] && model.p1.value.item() == 6)
      #expect(average["p0"]?.scalars(as: Float.self) == [2, 2])
    }
  }

  @Test(arguments: [DType.float32, .float64]) func clippingOfEachIsPyTorchs(dtype: DType) throws {
    let golden = try #require(try GoldenFile("optimization", dtype).cases(of: "clip_each_norm").first)
    try withExecutor {
      let model = Two(
        p0: Parameter(Tensor.zeros([3, 4], dtype: dtype)), p1: Parameter(Tensor.zeros([5], dtype: dtype)))
      let tensors = ["p0": try golden.tensor("gradients.p0"), "p1": try golden.tensor("gradients.p1")]
      let found = Gradients(of: model, value: Tensor.zeros([], dtype: dtype), tensors)
        .clipped(norm: golden.options["max_norm"]?.double ?? 0)
      for name in ["p0", "p1"] {
        #expect(difference(try #require(found[name]), try golden.array("clipped." + name)) <= tolerance(dtype))
      }
    }
  }
}
