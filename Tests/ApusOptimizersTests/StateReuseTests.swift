import ApusCPU
import ApusNN
import ApusTensor
import Testing

@testable import ApusOptimizers

/// An optimizer's old state is written over, unless somebody still holds it.
@Test func oldStateIsOverwrittenOnlyWhenNobodyHoldsIt() throws {
  let executor = CPUExecutor.make()
  try Execution.$override.withValue(executor) {
    let model = withRandomSeed(3) { Dense(40, 30) }
    let optimizer = Adam(learningRate: 0.1)
    let x = Tensor.randomNormal([8, 40], seed: 1)
    func step() {
      let (_, gradients) = valueWithGradient(of: model) { model(x).squared().sum() }
      optimizer.update(model, along: gradients)
    }
    step()
    let before = executor.statistics.reusedBuffers
    step()
    let reused = executor.statistics.reusedBuffers - before
    #expect(reused == 4)  // two moments of two parameters
    let held = optimizer.stateSnapshot()
    let values = held.mapValues { $0.scalars(as: Float.self) }
    step()
    #expect(executor.statistics.reusedBuffers - before == reused)
    for (name, tensor) in held { #expect(tensor.scalars(as: Float.self) == values[name], "\(name)") }
  }
}
