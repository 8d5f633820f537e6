// What features cost in a training step: recomputing the segments of a deep perceptron, and batch normalisation, dropout
// and Adam in LeNet-5. Each is timed beside the same step without it, alternating; medians. Prints one JSON object a
// line. Run on a quiet machine:
//
//     swift run -c release StepCosts
//
// With APUS_PROFILE=each, where the time of the steps of LeNet-5 goes follows each line.

import Apus

/// Checkpointed segments: time against memory.
func recomputation() {
  let (layers, width, batch) = (48, 256, 1024)
  func perceptron(segments: Int) -> Sequential {
    var model = withRandomSeed(1) {
      Sequential((0..<layers).map { _ in Dense(width, width, activation: .tanh) })
    }
    model.checkpointSegments = segments
    return model
  }
  let inputs = withRandomSeed(2) { Tensor.randomNormal([batch, width]) }
  realize(inputs)
  let (kept, recomputed) = alternate(
    Variant(perceptron(segments: 0), SGD(learningRate: 1e-3, momentum: 0.9)),
    Variant(perceptron(segments: 5), SGD(learningRate: 1e-3, momentum: 0.9)), steps: 20, inputs
  ) { $0.squared().mean() }
  print(
    """
    {"feature": "recomputation", "layers": \(layers), "width": \(width), "batch": \(batch), "segments": 5, \
    "kept_ms": \(kept.median), "kept_mb": \(kept.megabytes), "recomputed_ms": \(recomputed.median), \
    "recomputed_mb": \(recomputed.megabytes), "time_ratio": \(recomputed.median / kept.median), \
    "memory_ratio": \(recomputed.megabytes / kept.megabytes)}
    """)
}

/// LeNet-5 with batch normalisation before each activation, dropout before the last layer and Adam.
func normalization(batch: Int) {
  func network(extras: Bool) -> Sequential {
    func block(_ layer: any Layer, _ features: Int) -> [any Layer] {
      extras ? [layer, BatchNorm(features), ActivationLayer(.relu)] : [layer, ActivationLayer(.relu)]
    }
    return withRandomSeed(1) {
      Sequential {
        block(Conv2D(1, 6, kernel: 5, padding: 2), 6)
        MaxPool2D(2)
        block(Conv2D(6, 16, kernel: 5), 16)
        MaxPool2D(2)
        Flatten()
        block(Dense(400, 120), 120)
        block(Dense(120, 84), 84)
        if extras { Dropout(0.5) }
        Dense(84, 10)
      }
    }
  }
  let inputs = withRandomSeed(2) { Tensor.randomNormal([batch, 1, 28, 28]) }
  let labels = Tensor((0..<batch).map { Int32($0 % 10) }, shape: [batch])
  realize(inputs, labels)
  let (plain, extra) = alternate(
    Variant(network(extras: false), SGD(learningRate: 0.01)), Variant(network(extras: true), Adam(learningRate: 1e-3)),
    steps: 200, inputs
  ) { crossEntropy($0, labels) }
  print(
    """
    {"feature": "batch norm, dropout, Adam", "model": "lenet5", "batch": \(batch), "plain_ms": \(plain.median), \
    "with_ms": \(extra.median), "time_ratio": \(extra.median / plain.median)}
    """)
  for variant in [plain, extra] where variant.executor.isProfiling { print(variant.executor.profileReport()) }
}

recomputation()
normalization(batch: 128)
normalization(batch: 32)
