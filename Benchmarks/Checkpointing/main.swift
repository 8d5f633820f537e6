// What recomputing costs and saves: one training step of a deep perceptron with and without checkpointed segments, and
// the memory each plan needs. The two alternate; medians. Prints one JSON object. Run on a quiet machine:
//
//     swift run -c release Checkpointing

import Apus
import ApusCPU

/// A way to take the same step, with its own plans.
struct Variant {
  let executor = CPUExecutor.make()
  let optimizer = SGD(learningRate: 1e-3, momentum: 0.9)
  var model: Sequential
  var milliseconds: [Double] = []

  init(layers: Int, width: Int, segments: Int) {
    model = withRandomSeed(1) {
      Sequential((0..<layers).map { _ in Dense(width, width, activation: .tanh) })
    }
    model.checkpointSegments = segments
  }

  mutating func step(_ inputs: Tensor) {
    let (model, optimizer) = (model, optimizer)
    let start = ContinuousClock.now
    Execution.$override.withValue(executor) {
      let (loss, gradients) = valueWithGradient(of: model) { model(inputs).squared().mean() }
      optimizer.update(model, along: gradients)
      _ = loss.item()
    }
    let time = ContinuousClock.now - start
    milliseconds.append(Double(time.components.attoseconds) / 1e15 + Double(time.components.seconds) * 1e3)
  }

  var median: Double { milliseconds.dropFirst(3).sorted()[(milliseconds.count - 3) / 2] }
  var megabytes: Double { Double(executor.statistics.peakArenaBytes) / 0x1p20 }
}

let (layers, width, batch) = (48, 256, 1024)
let inputs = withRandomSeed(2) { Tensor.randomNormal([batch, width]) }
realize(inputs)
var kept = Variant(layers: layers, width: width, segments: 0)
var recomputed = Variant(layers: layers, width: width, segments: 5)
for _ in 0..<23 {
  kept.step(inputs)
  recomputed.step(inputs)
}
print(
  """
  {"layers": \(layers), "width": \(width), "batch": \(batch), "kept_ms": \(kept.median), "kept_mb": \(kept.megabytes), \
  "recomputed_ms": \(recomputed.median), "recomputed_mb": \(recomputed.megabytes), \
  "time_ratio": \(recomputed.median / kept.median), "memory_ratio": \(recomputed.megabytes / kept.megabytes)}
  """)
