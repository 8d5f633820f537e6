import ApusData
import ApusNN
import ApusTensor

/// The recurrent networks of the benchmark, which are there for comparisons only: Elman's network (1990) on vectors, and
/// long short-term memory between an embedding and a dense layer at each step, with PyTorch's parameters.
struct RecurrentBenchmark: Layer {
  /// The sizes of a network.
  struct Form: Sendable {
    var steps: Int
    var inputs: Int
    var units: Int
    var classes: Int
    /// Whether the inputs are numbers of symbols, as many as classes, not vectors.
    var embeds: Bool
  }

  static let forms = [
    "elman": Form(steps: 64, inputs: 64, units: 256, classes: 96, embeds: false),
    "lstm": Form(steps: 64, inputs: 64, units: 256, classes: 96, embeds: true),
    "lstm-words": Form(steps: 35, inputs: 256, units: 512, classes: 10_000, embeds: true),
    "lstm-small": Form(steps: 64, inputs: 64, units: 128, classes: 96, embeds: true),
  ]

  let form: Form
  let embedding: Embedding?
  let elman: RNN?
  let lstm: LSTM?
  let dense: Dense

  init(_ form: Form) {
    self.form = form
    embedding = form.embeds ? Embedding(form.classes, form.inputs) : nil
    elman = form.embeds ? nil : RNN(form.inputs, form.units, timeAxis: 0)
    lstm = form.embeds ? LSTM(form.inputs, form.units, timeAxis: 0) : nil
    dense = Dense(form.units, form.classes)
  }

  /// `[T, N, inputs]`, or numbers `[T, N]`, gives `[T * N, classes]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let vectors = embedding.map { $0(x) } ?? x
    let states = elman.map { $0(vectors) } ?? lstm.map { $0(vectors) } ?? vectors
    return dense(states.reshaped(to: [x.shape[0] * x.shape[1], form.units] as Shape))
  }

  /// A batch of sequences with a label at every step of time.
  func batch(_ batchSize: Int) -> Batch {
    let count = form.steps * batchSize
    let inputs =
      form.embeds
      ? HostArray((0..<count).map { Int32($0 * 5 % form.classes) }, shape: [form.steps, batchSize])
      : withRandomSeed(2) { Tensor.randomNormal([form.steps, batchSize, form.inputs]).hostArray() }
    let labels = (0..<count).map { Int32($0 * 7 % form.classes) }
    return Batch(inputs: inputs, targets: HostArray(labels, shape: [count]))
  }
}
