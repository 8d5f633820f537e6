import ApusData
import ApusNN
import ApusTensor

/// Elman's network (1990) as the benchmark has it: 64 -> 256 with tanh over time, and a dense layer 256 -> 96 at each
/// step; the parameters are those of PyTorch's `nn.RNN`.
struct ElmanBenchmark: Layer {
  static let name = "elman"
  static let (steps, inputs, units, classes) = (64, 64, 256, 96)

  let weightIh: Parameter
  let weightHh: Parameter
  let biasIh: Parameter
  let biasHh: Parameter
  let dense = Dense(Self.units, Self.classes)

  init() {
    let fans = Fans(fanIn: Self.units, fanOut: Self.units)
    let initial = Initializer.torchDefault
    weightIh = Parameter(initial([Self.units, Self.inputs], fans: fans))
    weightHh = Parameter(initial([Self.units, Self.units], fans: fans))
    biasIh = Parameter(initial([Self.units], fans: fans), role: .bias)
    biasHh = Parameter(initial([Self.units], fans: fans), role: .bias)
  }

  /// `[T, N, 64]` gives `[T * N, 96]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (u, w) = (weightIh.value.transposed(), weightHh.value.transposed())
    let bias = biasIh.value + biasHh.value
    let start = Tensor.zeros([x.shape[1], Self.units])
    let (_, states) = scan([start], over: [x]) { carry, inputs in
      let h = tanh(matmul(inputs[0], u) + matmul(carry[0], w) + bias)
      return (carry: [h], outputs: [h])
    }
    return dense(states[0].reshaped(to: [x.shape[0] * x.shape[1], Self.units] as Shape))
  }

  /// A batch of sequences with a label at every step of time.
  static func batch(_ batchSize: Int) -> Batch {
    let inputs = withRandomSeed(2) { Tensor.randomNormal([steps, batchSize, self.inputs]).hostArray() }
    let labels = (0..<steps * batchSize).map { Int32($0 * 7 % classes) }
    return Batch(inputs: inputs, targets: HostArray(labels, shape: [labels.count]))
  }
}
