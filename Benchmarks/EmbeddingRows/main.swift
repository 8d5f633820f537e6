// What a training step of an embedding costs by the size of its table: as a whole, and row by row (isSparse). A step looks
// 4,096 vectors of 64 up, at most 2,048 different ones. On one thread. Prints one JSON object a line; embedding_rows.py beside it
// does the same with PyTorch. Run on a quiet machine:
//
//     swift run -c release EmbeddingRows

import Apus
import ApusCPU

let (lookups, width) = (4096, 64)

/// The numbers of a step: each of 2,048 rows of the table twice, anywhere in it.
func numbers(of step: Int, count: Int) -> Tensor {
  var state = UInt64(step + 1) &* 0x9E37_79B9_7F4A_7C15
  let rows = (0..<lookups / 2).map { _ -> Int32 in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int32((state >> 33) % UInt64(count))
  }
  return Tensor(rows + rows.reversed())
}

/// The median milliseconds of a step, and the largest bytes of a plan's arena.
func cost(_ optimizer: any Optimizer, count: Int, isSparse: Bool) -> (milliseconds: Double, megabytes: Double) {
  let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
  return Execution.$override.withValue(executor) {
    let table = withRandomSeed(1) { Embedding(count, width, isSparse: isSparse) }
    let factors = withRandomSeed(2) { Tensor.randomNormal([lookups, width]) }
    realize(table.weight.value, factors)
    var times: [Double] = []
    for step in 0..<(count > 100_000 && !isSparse ? 9 : 41) {
      let looked = numbers(of: step, count: count)
      let start = ContinuousClock.now
      let (value, gradients) = valueWithGradient(of: table) { (table(looked) * factors).sum() }
      optimizer.update(table, along: gradients, overwritesParameters: true)
      _ = value.item()
      let time = (ContinuousClock.now - start).components
      times.append(Double(time.attoseconds) / 1e15 + Double(time.seconds) * 1e3)
    }
    // The first step makes the plan and the optimizer's state.
    let later = times.dropFirst().sorted()
    return (later[later.count / 2], Double(executor.statistics.peakArenaBytes) / 0x1p20)
  }
}

let rules: [(name: String, make: () -> any Optimizer)] = [
  ("sgd", { SGD(learningRate: 0.01) }), ("adagrad", { AdaGrad(learningRate: 0.01) }),
  ("adam", { Adam(learningRate: 0.001) }),
]
for rule in rules {
  for count in [1000, 10_000, 100_000, 1_000_000] {
    let (whole, rows) = (
      cost(rule.make(), count: count, isSparse: false), cost(rule.make(), count: count, isSparse: true)
    )
    print(
      """
      {"rule": "\(rule.name)", "rows": \(count), "whole_ms": \(whole.milliseconds), "sparse_ms": \(rows.milliseconds), \
      "whole_arena_mb": \(whole.megabytes), "sparse_arena_mb": \(rows.megabytes)}
      """)
  }
}
