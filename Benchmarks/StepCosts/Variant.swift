import Apus
import ApusCPU

/// One way to take a training step, with plans and times of its own.
struct Variant {
  let executor = CPUExecutor.make()
  let optimizer: any Optimizer
  let model: any Layer
  private var milliseconds: [Double] = []

  init(_ model: any Layer, _ optimizer: any Optimizer) {
    (self.model, self.optimizer) = (model, optimizer)
  }

  /// Takes a step and notes its time; random layers draw other numbers in each.
  mutating func step(_ inputs: Tensor, _ loss: (Tensor) -> Tensor) {
    let start = ContinuousClock.now
    withRandomSeed(1, step: milliseconds.count) { train(model, inputs, loss) }
    let time = (ContinuousClock.now - start).components
    milliseconds.append(Double(time.attoseconds) / 1e15 + Double(time.seconds) * 1e3)
  }

  private func train(_ model: some Layer, _ inputs: Tensor, _ loss: (Tensor) -> Tensor) {
    Execution.$override.withValue(executor) {
      let (value, gradients) = valueWithGradient(of: model) { loss(model(inputs)) }
      optimizer.update(model, along: gradients)
      _ = value.item()
    }
  }

  /// The median time without the first steps, in which plans are made.
  var median: Double { milliseconds.dropFirst(3).sorted()[(milliseconds.count - 3) / 2] }
  /// The memory of the largest plan.
  var megabytes: Double { Double(executor.statistics.peakArenaBytes) / 0x1p20 }
}

/// Two ways to take a step, alternating: the medians of each.
func alternate(
  _ first: Variant, _ second: Variant, steps: Int, _ inputs: Tensor, _ loss: (Tensor) -> Tensor
) -> (
  first: Variant, second: Variant
) {
  var (first, second) = (first, second)
  for _ in 0..<(steps + 3) {
    first.step(inputs, loss)
    second.step(inputs, loss)
  }
  return (first, second)
}
