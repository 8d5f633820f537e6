import ApusNN
import ApusTensor

/// An encoder and a decoder, from one sequence of symbols to another: letters to sounds, a sentence to its translation.
///
/// The encoder reads the source in both directions, half of the units each, or in one; the decoder begins with the encoder's
/// last states and gives the probabilities of the target's symbols, each after those before it (Cho et al., 2014; Sutskever et
/// al., 2014). Without attention that is all it knows of the source. With attention (``Attention``) it looks at all of the
/// encoder's outputs h: multiplicative and dot after its own step (Luong et al., 2015), additive before it, with the state
/// of the step before (Bahdanau et al., 2015):
///
/// ```
/// none             s_i = cell(E y_{i-1}, s_{i-1}),                                      p(y_i) = softmax(W s_i + b)
/// multiplicative   s_i = cell(E y_{i-1}, s_{i-1}),         c_i = attention(s_i, h),     p(y_i) = softmax(W t_i + b)
/// additive         c_i = attention(s_{i-1}, h),            s_i = cell([E y_{i-1}; c_i], s_{i-1})
/// with             t_i = tanh(V [s_i; c_i] + d)
/// ```
///
/// Shapes: numbers `[N, 2, T]` give logits `[N, T, targets]`: row 0 of a sample is its source, row 1 what the decoder is
/// given, the target after a start symbol (teacher forcing); 0 is the padding after an end, and changes nothing. Parameters:
/// `source.weight`, `target.weight`, those of the recurrent layers under `encoder` and `decoder`, `attention`, `readout`
/// and `output`; with scheduled sampling the number of training steps, `sampling_step`.
///
/// ```swift
/// let model = Translator(sources: 30, targets: 42, cell: .gru, units: 256, embedding: 64, attention: .multiplicative)
/// let logits = model(pairs)     // [128, 2, 20] -> [128, 20, 42]
/// ```
///
/// References: Learning phrase representations using RNN encoder-decoder; Cho et al.; 2014. Sequence to sequence learning
/// with neural networks; Sutskever, Vinyals, Le; 2014. Scheduled sampling for sequence prediction with recurrent neural
/// networks; Bengio, Vinyals, Jaitly, Shazeer; 2015
public struct Translator: Layer, CustomStringConvertible {
  /// How training takes the decoder's own symbols for the target's (scheduled sampling).
  public struct Sampling: Sendable, Hashable {
    /// How probably a symbol is the decoder's likeliest one, once all steps are done.
    public let probability: Double
    /// The training steps over which the probability grows from 0 in equal parts.
    public let steps: Int

    /// A probability of at least 0 and at most 1, reached after so many steps.
    public init(_ probability: Double, steps: Int = 10_000) {
      if !(probability >= 0 && probability <= 1) || steps < 0 {
        _ = Diagnostics.fail(
          ShapeError(
            "Sampling(\(probability), steps: \(steps)): the probability must be from 0 to 1, steps at least 0"),
          like: nil)
      }
      (self.probability, self.steps) = (probability, steps)
    }
  }

  /// The vectors of the source's symbols.
  public var source: Embedding
  /// The vectors of the target's symbols.
  public var target: Embedding
  /// The layers over the source; time is the first axis.
  public var encoder: any SequenceLayer
  /// The layers over the target; time is the first axis.
  public var decoder: any SequenceLayer
  /// What looks at the encoder's outputs; nil for the last states alone.
  public var attention: Attention?
  /// t from state and context.
  public var readout: Dense?
  /// The logits.
  public var output: Dense
  /// When training takes the decoder's own symbols; nil for never.
  public let sampling: Sampling?
  /// Training steps so far, for the sampling.
  public let samplingStep: Parameter?
  private let dropout: Dropout
  private let directions: Int
  private let settings: String

  /// A model.
  ///
  /// - Parameters:
  ///   - sources: how many symbols sources have, the padding 0 included.
  ///   - targets: how many symbols targets have, the padding 0 included.
  ///   - units: of each decoder layer; the encoder has half of them in each direction, so that two need an even number.
  ///   - sparseEmbedding: whether training touches only the vectors of the symbols that occur; not with `sampling`, which
  ///     looks symbols up inside the loop.
  ///   - dropout: how probably an element of the vectors, of a lower layer's outputs and of t is dropped in training.
  ///   - bidirectional: whether the encoder also reads from the end.
  public init(
    sources: Int, targets: Int, cell: LanguageModel.Cell = .lstm, layers: Int = 1, units: Int = 256,
    embedding: Int = 64, sparseEmbedding: Bool = false,
    attention: Attention.Score? = .multiplicative, dropout: Double = 0, sampling: Sampling? = nil,
    bidirectional: Bool = true, dtype: DType = .float32
  ) {
    directions = bidirectional ? 2 : 1
    if units % directions != 0 {
      let problem =
        "Translator(units: \(units)): the encoder has half of the units in each direction; choose an even number"
      _ = Diagnostics.fail(ShapeError(problem), like: nil)
    }
    let small = Initializer.normal(standardDeviation: 0.1)
    source = Embedding(sources, embedding, weightInitializer: small, isSparse: sparseEmbedding, dtype: dtype)
    target = Embedding(targets, embedding, weightInitializer: small, isSparse: sparseEmbedding, dtype: dtype)
    encoder = cell.layers(
      embedding, max(units / directions, 1), layers: layers, bidirectional: bidirectional, dropout: dropout,
      dtype: dtype)
    decoder = cell.layers(
      embedding + (attention == .additive ? units : 0), units, layers: layers, dropout: dropout, dtype: dtype)
    self.attention = attention.map { Attention($0, queries: units, memory: units, dtype: dtype) }
    readout = attention == nil ? nil : Dense(2 * units, units, activation: .tanh, dtype: dtype)
    output = Dense(units, targets, dtype: dtype)
    self.sampling = sampling
    samplingStep = sampling.map { _ in Parameter(Tensor.zeros([], dtype: dtype), role: .state) }
    self.dropout = Dropout(dropout)
    settings =
      "sources: \(sources), targets: \(targets), cell: .\(cell), layers: \(layers), units: \(units), "
      + "embedding: \(embedding)" + (sparseEmbedding ? ", sparseEmbedding: true" : "")
      + ", attention: \(attention.map { ".\($0)" } ?? "nil")"
      + (dropout > 0 ? ", dropout: \(dropout)" : "")
      + (sampling.map { ", sampling: Translator.Sampling(\($0.probability), steps: \($0.steps))" } ?? "")
      + (bidirectional ? "" : ", bidirectional: false")
  }

  /// The number of the target's symbols.
  public var targets: Int { output.weight.shape[0] }

  /// The logits of the target's symbols, each after the given ones before it.
  public func callAsFunction(_ pairs: Tensor) -> Tensor {
    guard pairs.rank == 3, pairs.shape[1] == 2, pairs.shape[2] > 0 else {
      let problem = "\(self): the input is \(pairs.shape), it must be numbers of symbols [N, 2, T]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, 1, targets], .float32))
    }
    let (batch, steps) = (pairs.shape[0], pairs.shape[2])
    let numbers = whole(pairs)
    let (encoded, states) = encoded(numbers.sliced(axis: 1, from: 0, count: 1).reshaped(to: [batch, steps] as Shape))
    let given = numbers.sliced(axis: 1, from: 1, count: 1).reshaped(to: [batch, steps] as Shape).transposed()
    let rows = decoded(dropout(target(given)), encoded, states)
    return output(rows.reshaped(to: [batch * steps, -1])).reshaped(to: [batch, steps, targets] as Shape)
  }

  /// What a source `[N, S]` leaves in memory, and the states the decoder begins with.
  public func encoded(_ numbers: Tensor) -> (source: EncodedSource, states: [Tensor]) {
    let numbers = whole(numbers)
    let isSource = numbers .!= 0
    let lengths = isSource.cast(to: .int32).sum(squeezingAxes: 1)
    let (outputs, states) = encoder.run(
      over: dropout(source(numbers.transposed())), from: nil, lengths: lengths, truncatedEvery: nil)
    // Layer by layer both directions side by side, as the outputs have them.
    let joined = states.map { state -> Tensor in
      let (passes, batch, width) = (state.shape[0], state.shape[1], state.shape[2])
      guard directions == 2 else { return state }
      return state.reshaped(to: [passes / 2, 2, batch, width] as Shape).transposed(permutation: [0, 2, 1, 3])
        .reshaped(to: [passes / 2, batch, 2 * width] as Shape)
    }
    let memory = attention?.memory(outputs.transposed(permutation: [1, 0, 2]), mask: isSource)
    return (EncodedSource(memory: memory), joined)
  }

  /// One step of each target: from its last symbol `[N]` the logits `[N, targets]` of the next, the states after it, and
  /// with attention how much it looked at each step of the source, `[N, S]`.
  ///
  /// ```swift
  /// var (source, states) = model.encoded(numbers)
  /// var logits: Tensor
  /// (logits, states, _) = model.next(starts, states, source)
  /// ```
  public func next(
    _ numbers: Tensor, _ states: [Tensor], _ source: EncodedSource
  ) -> (logits: Tensor, states: [Tensor], weights: Tensor?) {
    let step = advanced(dropout(target(whole(numbers))), states, source)
    return (output(dropout(step.row)), step.states, step.weights)
  }

  /// One step from a symbol's vector `[N, embedding]`.
  private func advanced(
    _ vector: Tensor, _ states: [Tensor], _ source: EncodedSource
  ) -> (row: Tensor, states: [Tensor], weights: Tensor?) {
    guard let attention, let readout, let memory = source.memory else {
      let (state, after) = decoder.step(vector, states)
      return (state, after, nil)
    }
    let (state, after, context, weights) = looked(attention, memory, vector, states)
    return (readout(concatenate([state, context], axis: 1)), after, weights)
  }

  /// The decoder's output, its next states, and the context.
  private func looked(
    _ attention: Attention, _ memory: Attention.Memory, _ vector: Tensor, _ states: [Tensor]
  ) -> (state: Tensor, states: [Tensor], context: Tensor, weights: Tensor) {
    func look(_ query: Tensor) -> (context: Tensor, weights: Tensor) {
      let (contexts, weights) = attention(query.expandingShape(at: 1), memory)
      return (
        contexts.reshaped(to: contexts.shape.removing(axes: [1])),
        weights.reshaped(to: weights.shape.removing(axes: [1]))
      )
    }
    guard attention.score == .additive else {
      let (state, after) = decoder.step(vector, states)
      let (context, weights) = look(state)
      return (state, after, context, weights)
    }
    let top = states[0].sliced(axis: 0, from: states[0].shape[0] - 1, count: 1)
    let (context, weights) = look(top.reshaped(to: Shape(top.shape.dropFirst())))
    let (state, after) = decoder.step(concatenate([vector, context], axis: 1), states)
    return (state, after, context, weights)
  }

  /// What the logits are computed from, `[N, T, units]`, of given vectors `[T, N, embedding]`.
  private func decoded(_ vectors: Tensor, _ source: EncodedSource, _ states: [Tensor]) -> Tensor {
    if let sampling, let samplingStep, Mode.isTraining {
      return dropout(sampled(vectors, source, states, sampling, samplingStep)).transposed(permutation: [1, 0, 2])
    }
    guard let attention, let readout, let memory = source.memory else {
      let (outputs, _) = decoder.run(over: vectors, from: states, lengths: nil, truncatedEvery: nil)
      return dropout(outputs).transposed(permutation: [1, 0, 2])
    }
    var (outputs, contexts): (Tensor, Tensor)
    if attention.score == .additive {
      let (_, stacked) = scan(states, over: [vectors]) { carry, slices in
        let step = looked(attention, memory, slices[0], carry)
        return (step.states, [step.state, step.context])
      }
      guard stacked.count == 2 else { return vectors }
      (outputs, contexts) = (
        stacked[0].transposed(permutation: [1, 0, 2]), stacked[1].transposed(permutation: [1, 0, 2])
      )
    } else {
      outputs = decoder.run(over: vectors, from: states, lengths: nil, truncatedEvery: nil).outputs
        .transposed(permutation: [1, 0, 2])
      contexts = attention(outputs, memory).contexts
    }
    return dropout(readout(concatenate([outputs, contexts], axis: 2)))
  }

  /// The rows of a target some of whose symbols are the decoder's own; no gradient goes through the choice.
  private func sampled(
    _ vectors: Tensor, _ source: EncodedSource, _ states: [Tensor], _ sampling: Sampling, _ done: Parameter
  ) -> Tensor {
    let part =
      sampling.steps > 0
      ? (done.value / Double(sampling.steps)).clamped(below: 1) : Tensor.ones([], dtype: vectors.dtype)
    let draws = Tensor.randomUniform([vectors.shape[0], vectors.shape[1], 1], dtype: vectors.dtype)
    let isOwn = draws .< part * sampling.probability
    done.value = done.value + 1
    // The first symbol, the start, is always the given one.
    let isLater = (Tensor.arange(vectors.shape[0], dtype: .int32) .> 0).expandingShape(at: 1).expandingShape(at: 2)
    let (_, stacked) = scan(
      states + [Tensor.zeros(Shape(vectors.shape.dropFirst()), dtype: vectors.dtype)],
      over: [vectors, isOwn .&& isLater]
    ) { carry, slices in
      let vector = carry[carry.count - 1].selected(where: slices[1], otherwise: slices[0])
      let step = advanced(vector, Array(carry.dropLast()), source)
      let own = target(output(step.row).stoppingGradient().argMax(axis: 1))
      return (step.states + [own], [step.row])
    }
    return stacked.first ?? vectors
  }

  private func whole(_ numbers: Tensor) -> Tensor {
    numbers.dtype == .int32 || numbers.dtype == .int64 ? numbers : numbers.cast(to: .int32)
  }

  /// The parts.
  public var namedParts: [(name: String, part: Any)]? {
    let parts: [(name: String, part: Any)?] = [
      ("source", source), ("target", target), ("encoder", encoder), ("decoder", decoder),
      attention.map { ("attention", $0) }, readout.map { ("readout", $0) }, ("output", output),
      samplingStep.map { ("sampling_step", $0) },
    ]
    return parts.compactMap { $0 }
  }

  /// The code that builds the model.
  public var description: String { "Translator(\(settings))" }
}

/// What a ``Translator``'s encoder has made of sources: what its decoder looks at.
public struct EncodedSource {
  /// What attention looks at; nil without attention.
  public var memory: Attention.Memory?

  /// The tensors, in a fixed order.
  public var tensors: [Tensor] { memory.map { [$0.vectors, $0.keys] + ($0.mask.map { [$0] } ?? []) } ?? [] }

  /// The sources at the given rows, i32 `[R]`, which may occur several times.
  public func rows(_ rows: Tensor) -> EncodedSource {
    EncodedSource(memory: memory?.rows(rows))
  }
}
