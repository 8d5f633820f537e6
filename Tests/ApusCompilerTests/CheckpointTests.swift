import Apus
import ApusCPU
import ApusReference
import Testing

/// A deep network: dense layers of one width, with dropout in between if asked.
private func network(layers: Int, width: Int, dropout: Double = 0) -> Sequential {
  withRandomSeed(5) {
    Sequential(
      (0..<layers).flatMap { _ -> [any Layer] in
        let dense = Dense(width, width, activation: .tanh)
        return dropout > 0 ? [dense, Dropout(dropout)] : [dense]
      })
  }
}

@Suite struct CheckpointTests {
  private func gradients(_ model: some Layer, _ x: Tensor) -> [[Float]] {
    withRandomSeed(3, step: 7) {
      let found = valueWithGradient(of: model) { model(x).squared().sum() }.gradients
      realize(found.tensors + [found.value])
      return ([found.value] + found.tensors).map { $0.scalars(as: Float.self) }
    }
  }

  @Test func gradientsHaveTheSameBits() {
    for dropout in [0, 0.4] {
      for executor in [CPUExecutor.make() as any Executor, ReferenceExecutor()] {
        Execution.$override.withValue(executor) {
          var model = network(layers: 7, width: 24, dropout: dropout)
          let x = withRandomSeed(1) { Tensor.randomNormal([9, 24]) }
          let plain = gradients(model, x)
          model.checkpointSegments = 3
          #expect(gradients(model, x) == plain)
          model.checkpointSegments = 100
          #expect(gradients(model, x) == plain)
        }
      }
    }
  }

  @Test func convolutionsBatchNormAndRunningStatistics() throws {
    try Execution.$override.withValue(CPUExecutor.make()) {
      func model() -> Sequential {
        withRandomSeed(2) {
          Sequential {
            Conv2D(3, 16, kernel: 3, padding: .same)
            BatchNorm(16)
            ActivationLayer(.relu)
            Conv2D(16, 16, kernel: 3, padding: .same)
            BatchNorm(16)
            ActivationLayer(.relu)
          }
        }
      }
      let x = withRandomSeed(1) { Tensor.randomNormal([4, 3, 10, 10]) }
      let plain = model()
      var segmented = model()
      segmented.checkpointSegments = 2
      #expect(gradients(plain, x) == gradients(segmented, x))
      #expect(plain.snapshot().tensors.keys == segmented.snapshot().tensors.keys)
      for (name, tensor) in plain.snapshot().tensors {
        #expect(
          segmented.snapshot().tensors[name]?.scalars(as: Float.self) == tensor.scalars(as: Float.self), "\(name)")
      }
    }
  }

  @Test func gradientOfAGradientAndNestedSegments() {
    Execution.$override.withValue(ReferenceExecutor()) {
      let x = Tensor([0.3, -0.8, 1.1], shape: [3])
      let plain = gradient(at: x) { x in gradient(at: x) { (sin($0) * $0).sum() }.squared().sum() }
      let segmented = gradient(at: x) { x in
        gradient(at: x) { x in checkpointed(x) { x in checkpointed(x) { sin($0) } * x }.sum() }.squared().sum()
      }
      for (a, b) in zip(plain.scalars(as: Double.self), segmented.scalars(as: Double.self)) {
        #expect(abs(a - b) < 1e-14)
      }
    }
  }

  @Test func planNeedsLessThanHalfTheMemory() {
    func peak(_ segments: Int) -> Int {
      let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
      return Execution.$override.withValue(executor) {
        var model = network(layers: 36, width: 16)
        model.checkpointSegments = segments
        _ = gradients(model, Tensor(repeating: 0.5, shape: [256, 16]))
        return executor.statistics.peakArenaBytes
      }
    }
    let (kept, recomputed) = (peak(0), peak(6))
    #expect(Double(recomputed) <= 0.5 * Double(kept), "\(recomputed) of \(kept) bytes")
  }

  @Test func aSegmentedStepIsPlannedOnce() {
    let executor = CPUExecutor.make()
    Execution.$override.withValue(executor) {
      var model = network(layers: 4, width: 8, dropout: 0.5)
      model.checkpointSegments = 2
      let optimizer = SGD(learningRate: 0.01, momentum: 0.9)
      realize(model.parameters.map { $0.parameter.value })
      for step in 0..<4 {
        withRandomSeed(1, step: step) {
          let (_, gradients) = valueWithGradient(of: model) {
            model(Tensor(repeating: 1, shape: [5, 8])).squared().sum()
          }
          optimizer.update(model, along: gradients)
        }
      }
      #expect(executor.statistics.compiledPlans <= 3)
    }
  }
}
