// What a training step of an LSTM costs by the length of its sequences, with and without checkpoints over time: is time
// linear, and memory? On one thread. Prints one JSON object a line; the last ones say by how many bytes a step of time the plan
// grows with checkpoints every 64 steps, beside what a step takes in (2,048 bytes) and gives out (4,096). Run on a quiet machine:
//
//     swift run -c release SequenceLengths

import Apus
import ApusCPU

/// The milliseconds of a step of training and the memory of its plan.
func cost(steps: Int, checkpointSteps: Int) -> (milliseconds: Double, megabytes: Double) {
  let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
  return Execution.$override.withValue(executor) {
    var model = withRandomSeed(1) { LSTM(64, 128, timeAxis: 0) }
    model.checkpointSteps = checkpointSteps
    let optimizer = SGD(learningRate: 1e-6)
    let x = withRandomSeed(2) { Tensor.randomNormal([steps, 8, 64]) }
    realize(x)
    var times: [Double] = []
    for _ in 0..<(steps > 512 ? 7 : 21) {
      let start = ContinuousClock.now
      let (value, gradients) = valueWithGradient(of: model) { model(x).squared().mean() }
      optimizer.update(model, along: gradients)
      _ = value.item()
      let time = (ContinuousClock.now - start).components
      times.append(Double(time.attoseconds) / 1e15 + Double(time.seconds) * 1e3)
    }
    // The first step makes the plan.
    let later = times.dropFirst().sorted()
    return (later[later.count / 2], Double(executor.statistics.peakArenaBytes) / 0x1p20)
  }
}

for steps in [64, 128, 256, 512, 1024, 2048, 4096] {
  let root = Int(Double(steps).squareRoot().rounded())
  let (kept, recomputed) = (cost(steps: steps, checkpointSteps: 0), cost(steps: steps, checkpointSteps: root))
  print(
    """
    {"steps": \(steps), "ms": \(kept.milliseconds), "us_a_step": \(kept.milliseconds / Double(steps) * 1000), \
    "mb": \(kept.megabytes), "kb_a_step": \(kept.megabytes / Double(steps) * 1024), "checkpoint_steps": \(root), \
    "checkpointed_ms": \(recomputed.milliseconds), "checkpointed_mb": \(recomputed.megabytes)}
    """)
}

var before: (steps: Int, megabytes: Double)?
for steps in [512, 1024, 2048, 4096] {
  let megabytes = cost(steps: steps, checkpointSteps: 64).megabytes
  let growth = before.map { (megabytes - $0.megabytes) * 0x1p20 / Double(steps - $0.steps) } ?? 0
  print(
    """
    {"steps": \(steps), "checkpoint_steps": 64, "mb": \(megabytes), "bytes_a_step": \(growth), \
    "input_bytes": \(8 * 64 * 4), "output_bytes": \(8 * 128 * 4)}
    """)
  before = (steps, megabytes)
}
