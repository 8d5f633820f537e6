import ApusTensor

/// Attention over a memory: of each query the memory's vectors, weighed by how well they match it.
///
/// ```
/// e_ij = v^T tanh(W q_i + U m_j)     additive        (Bahdanau, Cho, Bengio, 2015)
/// e_ij = q_i^T W m_j                 multiplicative  (Luong, Pham, Manning, 2015: "general")
/// e_ij = q_i^T m_j                   dot             (Luong, Pham, Manning, 2015)
/// a_i  = softmax over j of e_ij,     c_i = sum over j of a_ij m_j
/// ```
/// Shapes: queries `[N, T, queries]` and a memory `[N, S, memory]` give contexts `[N, T, memory]` and weights `[N, T, S]`.
/// Where the mask `[N, S]` is false weights are exactly 0. Parameters: additive `query.weight` `[units, queries]`,
/// `key.weight` `[units, memory]`, `score.weight` `[1, units]`; multiplicative `key.weight` `[queries, memory]`; dot none.
///
/// ```swift
/// let attention = Attention(.additive, queries: 256, memory: 256)
/// let memory = attention.memory(encoded, mask: numbers .!= 0)
/// let (contexts, weights) = attention(states, memory)
/// ```
///
/// References: Neural machine translation by jointly learning to align and translate; Bahdanau, Cho, Bengio; 2015;
/// https://arxiv.org/abs/1409.0473. Effective approaches to attention-based neural machine translation; Luong, Pham,
/// Manning; 2015; https://arxiv.org/abs/1508.04025
public struct Attention: Module, CustomStringConvertible {
  /// How well a query and a vector of the memory match.
  public enum Score: String, Sendable, Hashable, CaseIterable {
    /// A layer of tanh units and a weighted sum of them.
    case additive
    /// A bilinear form.
    case multiplicative
    /// The product of both, which have the same width.
    case dot
  }

  /// A memory, made ready for any number of queries.
  public struct Memory {
    /// The vectors `[N, S, memory]`.
    public var vectors: Tensor
    /// What queries are compared with.
    public var keys: Tensor
    /// `[N, 1, S]`, true where there is something; nil everywhere.
    public var mask: Tensor?

    /// The rows of the given numbers, i32 `[R]`, which may occur several times.
    public func rows(_ rows: Tensor) -> Memory {
      Memory(vectors: vectors.gathered(at: rows), keys: keys.gathered(at: rows), mask: mask?.gathered(at: rows))
    }
  }

  /// How matches are found.
  public let score: Score
  /// From queries to the additive form's units.
  public var query: Dense?
  /// From the memory to the additive form's units, or to the queries' width.
  public var key: Dense?
  /// v.
  public var scoring: Dense?
  private let widths: (queries: Int, memory: Int)

  /// Attention between queries and a memory of given widths.
  ///
  /// - Parameter units: tanh units of the additive form; nil for as many as the queries' features.
  public init(_ score: Score, queries: Int, memory: Int, units: Int? = nil, dtype: DType = .float32) {
    let units = units ?? queries
    let isPossible = LayerCheck.positive(
      "Attention(.\(score), \(queries), \(memory), \(units))", queries, memory, units)
    self.score = score
    widths = isPossible ? (queries, memory) : (1, 1)
    if score == .dot, queries != memory {
      _ = LayerCheck.fail(
        "Attention(.dot): queries of \(queries) and a memory of \(memory) features have no product; choose equal widths "
          + "or .multiplicative", nil)
    }
    guard isPossible else { return }
    switch score {
    case .additive:
      query = Dense(queries, units, bias: false, dtype: dtype)
      key = Dense(memory, units, bias: false, dtype: dtype)
      scoring = Dense(units, 1, bias: false, dtype: dtype)
    case .multiplicative: key = Dense(memory, queries, bias: false, dtype: dtype)
    case .dot: break
    }
  }

  /// The memory as queries are compared with it, which is the same for all of them.
  ///
  /// - Parameter mask: `[N, S]`, true where the memory has something; nil everywhere.
  public func memory(_ vectors: Tensor, mask: Tensor? = nil) -> Memory {
    Memory(vectors: vectors, keys: key?(vectors) ?? vectors, mask: mask?.expandingShape(at: 1))
  }

  /// The contexts of queries `[N, T, queries]`, and the weights they were made with.
  public func callAsFunction(_ queries: Tensor, _ memory: Memory) -> (contexts: Tensor, weights: Tensor) {
    guard queries.rank == 3, memory.keys.rank == 3, queries.shape[2] == widths.queries,
      memory.vectors.shape[2] == widths.memory, queries.shape[0] == memory.keys.shape[0]
    else {
      let problem =
        "\(description): queries \(queries.shape) and a memory \(memory.vectors.shape) must be "
        + "[N, T, \(widths.queries)] and [N, S, \(widths.memory)]"
      return (LayerCheck.fail(problem, TensorType([1, 1, widths.memory], queries.dtype)), queries)
    }
    var scores = scores(queries, memory.keys)
    if let mask = memory.mask {
      scores = scores.selected(where: mask, otherwise: Tensor(repeating: -1e9, shape: [], dtype: scores.dtype))
    }
    let weights = softmax(scores, axis: 2)
    return (Tensor.record(MatMul(), [weights, memory.vectors]), weights)
  }

  /// e, `[N, T, S]`.
  private func scores(_ queries: Tensor, _ keys: Tensor) -> Tensor {
    guard let query, let scoring else { return Tensor.record(MatMul(transposesRight: true), [queries, keys]) }
    let (batch, steps, length) = (queries.shape[0], queries.shape[1], keys.shape[1])
    let units = tanh(query(queries).expandingShape(at: 2) + keys.expandingShape(at: 1))
    return scoring(units).reshaped(to: [batch, steps, length] as Shape)
  }

  /// The matrices.
  public var namedParts: [(name: String, part: Any)]? {
    let parts: [(name: String, part: Any)?] = [
      query.map { ("query", $0) }, key.map { ("key", $0) }, scoring.map { ("score", $0) },
    ]
    return parts.compactMap { $0 }
  }

  /// The code that builds it, but for initial values.
  public var description: String { "Attention(.\(score), queries: \(widths.queries), memory: \(widths.memory))" }
}
