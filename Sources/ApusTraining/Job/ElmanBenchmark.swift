import ApusData
import ApusNN
import ApusTensor

/// Elman's network (1990) as the benchmark has it: 64 -> 256 with tanh over time, and a dense layer 256 -> 96 at each
/// step; the parameters are those of PyTorch's `nn.RNN`.
struct ElmanBenchmark: Layer {
  static let name = "elman"
  static let (steps, inputs, units, classes) = (64, 64, 256, 96)

  let recurrent = RNN(Self.inputs, Self.units, timeAxis: 0)
  let dense = Dense(Self.units, Self.classes)

  /// `[T, N, 64]` gives `[T * N, 96]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    dense(recurrent(x).reshaped(to: [x.shape[0] * x.shape[1], Self.units] as Shape))
  }

  /// A batch of sequences with a label at every step of time.
  static func batch(_ batchSize: Int) -> Batch {
    let inputs = withRandomSeed(2) { Tensor.randomNormal([steps, batchSize, self.inputs]).hostArray() }
    let labels = (0..<steps * batchSize).map { Int32($0 * 7 % classes) }
    return Batch(inputs: inputs, targets: HostArray(labels, shape: [labels.count]))
  }
}
