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

/// Parameters are written over when the caller says that nobody reads what was made of the old ones; the first state too,
/// which starts as zeros. What is held elsewhere stays, and the numbers are the same either way.
@Test func parametersAreOverwrittenOnDemand() throws {
  let executor = CPUExecutor.make()
  try Execution.$override.withValue(executor) {
    func train(overwriting: Bool) throws -> (reused: [Int], values: [[Float]]) {
      let model = withRandomSeed(3) { Dense(40, 30) }
      let optimizer = SGD(learningRate: 0.1, momentum: 0.8)
      let x = Tensor.randomNormal([8, 40], seed: 1)
      var reused: [Int] = []
      for step in 0..<3 {
        let held = step == 2 ? model.weight.value : nil
        let values = held?.scalars(as: Float.self)
        let before = executor.statistics.reusedBuffers
        let (_, gradients) = valueWithGradient(of: model) { model(x).squared().sum() }
        optimizer.update(model, along: gradients, overwritesParameters: overwriting)
        reused.append(executor.statistics.reusedBuffers - before)
        if let held { #expect(held.scalars(as: Float.self) == values) }
      }
      return (reused, [model.weight.value.scalars(), try #require(model.bias).value.scalars()])
    }
    let (kept, overwritten) = (try train(overwriting: false), try train(overwriting: true))
    #expect(kept.reused == [2, 2, 2])
    #expect(overwritten.reused == [4, 4, 3])
    #expect(kept.values == overwritten.values)
  }
}

/// A view shares its parameter's memory: it keeps the old values.
@Test func viewsOfParametersAreNotWrittenOver() {
  let executor = CPUExecutor.make()
  Execution.$override.withValue(executor) {
    let model = withRandomSeed(5) { Dense(12, 10) }
    let optimizer = SGD(learningRate: 0.3)
    let x = Tensor.randomNormal([4, 12], seed: 2)
    let view = model.weight.value.reshaped(to: [120])
    realize(view)
    let values = view.scalars(as: Float.self)
    let before = executor.statistics.reusedBuffers
    let (_, gradients) = valueWithGradient(of: model) { model(x).squared().sum() }
    optimizer.update(model, along: gradients, overwritesParameters: true)
    #expect(view.scalars(as: Float.self) == values)
    #expect(model.weight.value.scalars(as: Float.self) != values)
    #expect(executor.statistics.reusedBuffers - before == 1)  // the bias
  }
}
