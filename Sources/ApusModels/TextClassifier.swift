import ApusNN
import ApusTensor

/// A recurrent classifier of texts: embedding, recurrent layers in both directions, the mean or largest of their outputs
/// over the text or their last states, a dense layer.
///
/// Shapes: numbers of symbols `[N, T]`, where 0 is the padding after a text's end, give logits `[N, classes]`. What follows
/// an end changes nothing. Parameters: `embedding.weight`, those of the recurrent layers under `recurrent`,
/// `decoder.weight`, `decoder.bias`.
///
/// ```swift
/// let model = TextClassifier(vocabulary: 8000, classes: 2, units: 64, embedding: 64, dropout: 0.5)
/// let logits = model(numbers)     // [32, 40] -> [32, 2]
/// ```
public struct TextClassifier: Layer, CustomStringConvertible {
  /// The vectors of the symbols.
  public var embedding: Embedding
  /// The recurrent layers, over time as the first axis.
  public var recurrent: any SequenceLayer
  /// From the text's vector to the logits.
  public var decoder: Dense
  /// How the outputs become one vector.
  public let pooling: SequencePooling
  private let dropout: Dropout
  private let settings: String

  /// A model.
  ///
  /// - Parameters:
  ///   - sparseEmbedding: whether training touches only the vectors of the symbols that occur.
  ///   - dropout: how probably an element of the symbols' and the text's vectors, and of the outputs of a layer below
  ///     another, is dropped in training.
  public init(
    vocabulary: Int, classes: Int, cell: LanguageModel.Cell = .lstm, layers: Int = 1, units: Int = 64,
    embedding: Int = 64, sparseEmbedding: Bool = false, pooling: SequencePooling = .mean, dropout: Double = 0,
    dtype: DType = .float32
  ) {
    self.embedding = Embedding(
      vocabulary, embedding, weightInitializer: .normal(standardDeviation: 0.1), isSparse: sparseEmbedding,
      dtype: dtype)
    recurrent = cell.layers(
      embedding, units, layers: layers, bidirectional: true, dropout: dropout, dtype: dtype)
    decoder = Dense(2 * units, classes, dtype: dtype)
    self.pooling = pooling
    self.dropout = Dropout(dropout)
    settings =
      "vocabulary: \(vocabulary), classes: \(classes), cell: .\(cell), layers: \(layers), units: \(units), "
      + "embedding: \(embedding)" + (sparseEmbedding ? ", sparseEmbedding: true" : "") + ", pooling: .\(pooling)"
      + (dropout > 0 ? ", dropout: \(dropout)" : "")
  }

  /// The logits of texts.
  public func callAsFunction(_ numbers: Tensor) -> Tensor {
    guard numbers.rank == 2, numbers.shape[1] > 0 else {
      let problem = "\(self): the input is \(numbers.shape), it must be numbers of symbols [N, T]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, decoder.weight.shape[0]], .float32))
    }
    let whole = numbers.dtype == .int32 || numbers.dtype == .int64 ? numbers : numbers.cast(to: .int32)
    let isText = whole .!= 0
    let lengths = isText.cast(to: .int32).sum(squeezingAxes: 1)
    let (outputs, states) = recurrent.run(
      over: dropout(embedding(whole.transposed())), from: nil, lengths: lengths, truncatedEvery: nil)
    return decoder(dropout(pooling.vector(of: outputs, states, ends: (isText.transposed(), lengths))))
  }

  /// The parts.
  public var namedParts: [(name: String, part: Any)]? {
    [("embedding", embedding), ("recurrent", recurrent), ("decoder", decoder)]
  }

  /// The code that builds the model.
  public var description: String { "TextClassifier(\(settings))" }
}

extension LanguageModel.Cell {
  /// Recurrent layers of this cell, over time as the first axis.
  func layers(
    _ inputs: Int, _ units: Int, layers: Int, bidirectional: Bool = false, dropout: Double, dtype: DType
  ) -> any SequenceLayer {
    switch self {
    case .lstm:
      LSTM(
        inputs, units, layers: layers, bidirectional: bidirectional, dropout: dropout, timeAxis: 0, dtype: dtype)
    case .gru:
      GRU(inputs, units, layers: layers, bidirectional: bidirectional, dropout: dropout, timeAxis: 0, dtype: dtype)
    case .rnn:
      RNN(inputs, units, layers: layers, bidirectional: bidirectional, dropout: dropout, timeAxis: 0, dtype: dtype)
    }
  }
}
