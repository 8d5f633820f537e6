import ApusNN
import ApusTensor

/// A recurrent language model: at every step of a text the probabilities of the next symbol.
///
/// Embedding, recurrent layers, a dense layer: `x_t = E w_t`, `h_t = cell(x_t, h_{t-1})`, `p(w_{t+1}) = softmax(V h_t + b)`,
/// as in the lecture notes. Trained on streams of text it carries its states from batch to batch (``StatefulModule``).
///
/// Shapes: numbers of symbols `[N, T]` give logits `[N, T, vocabulary]`. Parameters: `embedding.weight`, those of the
/// recurrent layers under `recurrent`, `decoder.weight` and `decoder.bias`, and with streams the states
/// `carried.0`, ... `[layers, streams, units]`.
///
/// ```swift
/// let model = LanguageModel(vocabulary: 96, cell: .lstm, layers: 2, units: 256, embedding: 64, dropout: 0.2, streams: 32)
/// let logits = model(numbers)     // [32, 64] -> [32, 64, 96]
/// ```
///
/// Reference: Recurrent neural network based language model; Mikolov, Karafiat, Burget, Cernocky, Khudanpur; 2010.
public struct LanguageModel: Layer, StatefulModule, CustomStringConvertible {
  /// The kind of the recurrent layers.
  public enum Cell: String, Sendable, Hashable, CaseIterable {
    /// Long short-term memory.
    case lstm
    /// Gated recurrent units.
    case gru
    /// Plain recurrent layers with tanh, Elman's.
    case rnn
  }

  /// The vectors of the symbols; nil for one-hot vectors.
  public var embedding: Embedding?
  /// The recurrent layers, over time as the first axis.
  public var recurrent: any SequenceLayer
  /// From the last layer's units to the logits.
  public var decoder: Dense
  /// States that are carried from batch to batch; empty without streams.
  public let carriedStates: [Parameter]
  private let dropout: Dropout
  private let streams: Int
  private let settings: String

  /// A model.
  ///
  /// - Parameters:
  ///   - vocabulary: how many symbols there are.
  ///   - embedding: features of a symbol's vector; 0 for one-hot vectors.
  ///   - sparseEmbedding: whether training touches only the vectors of the symbols that occur.
  ///   - dropout: how probably an element of the vectors and of the outputs of a layer is dropped in training.
  ///   - streams: samples of the batches between which states are carried; 0 carries none.
  public init(
    vocabulary: Int, cell: Cell = .lstm, layers: Int = 1, units: Int = 256, embedding: Int = 64,
    sparseEmbedding: Bool = false, dropout: Double = 0, streams: Int = 0, dtype: DType = .float32
  ) {
    self.embedding = embedding > 0 ? Embedding(vocabulary, embedding, isSparse: sparseEmbedding, dtype: dtype) : nil
    let inputs = embedding > 0 ? embedding : vocabulary
    recurrent = cell.layers(inputs, units, layers: layers, dropout: dropout, dtype: dtype)
    decoder = Dense(units, vocabulary, dtype: dtype)
    self.dropout = Dropout(dropout)
    self.streams = streams
    carriedStates =
      streams > 0 ? recurrent.zeroStates(batch: streams, dtype: dtype).map { Parameter($0, role: .state) } : []
    settings =
      "vocabulary: \(vocabulary), cell: .\(cell), layers: \(layers), units: \(units), embedding: \(embedding)"
      + (sparseEmbedding ? ", sparseEmbedding: true" : "")
      + (dropout > 0 ? ", dropout: \(dropout)" : "") + (streams > 0 ? ", streams: \(streams)" : "")
  }

  /// The number of symbols.
  public var vocabulary: Int { decoder.weight.shape[0] }

  /// The logits of the next symbol at every step.
  public func callAsFunction(_ numbers: Tensor) -> Tensor {
    guard numbers.rank == 2, numbers.shape[1] > 0 else {
      let problem = "\(self): the input is \(numbers.shape), it must be numbers of symbols [N, T]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, 1, vocabulary], .float32))
    }
    let (batch, steps) = (numbers.shape[0], numbers.shape[1])
    let carries = Mode.carriesStates && batch == streams
    let (outputs, last) = recurrent.run(
      over: dropout(vectors(numbers.transposed())), from: carries ? carriedStates.map(\.value) : nil, lengths: nil,
      truncatedEvery: nil)
    if carries { for (state, value) in zip(carriedStates, last) { state.value = value } }
    // The units are put in the order of the samples, which are fewer than the logits.
    let rows = dropout(outputs).transposed(permutation: [1, 0, 2])
    return decoder(rows.reshaped(to: [batch * steps, -1])).reshaped(to: [batch, steps, vocabulary] as Shape)
  }

  /// The states before the first symbol of `batch` texts.
  public func startStates(batch: Int = 1) -> [Tensor] {
    recurrent.zeroStates(batch: batch, dtype: decoder.weight.type.dtype)
  }

  /// One symbol of each text, `[N]`: the logits of the next `[N, vocabulary]`, and the states after it.
  ///
  /// ```swift
  /// var states = model.startStates()
  /// for number in text { (logits, states) = model.next(Tensor([number]), states) }
  /// ```
  public func next(_ numbers: Tensor, _ states: [Tensor]) -> (logits: Tensor, states: [Tensor]) {
    let (output, after) = recurrent.step(dropout(vectors(numbers)), states)
    return (decoder(dropout(output)), after)
  }

  /// `[..., features]` of numbers `[...]` in any type.
  private func vectors(_ numbers: Tensor) -> Tensor {
    let whole = numbers.dtype == .int32 || numbers.dtype == .int64 ? numbers : numbers.cast(to: .int32)
    return embedding?(whole) ?? whole.oneHot(depth: vocabulary, dtype: decoder.weight.type.dtype)
  }

  /// The parts, and the carried states.
  public var namedParts: [(name: String, part: Any)]? {
    var parts: [(name: String, part: Any)] = embedding.map { [("embedding", $0)] } ?? []
    parts += [("recurrent", recurrent), ("decoder", decoder)]
    return parts + carriedStates.enumerated().map { ("carried.\($0)", $1) }
  }

  /// The code that builds the model.
  public var description: String { "LanguageModel(\(settings))" }
}
