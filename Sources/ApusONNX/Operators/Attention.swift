import ApusTensor

extension Operators {
  /// Attention and what belongs to it.
  static let attention: [String: Operator] = [
    "Attention": .tensors { try attend($0) },
    "RotaryEmbedding": .tensor { try rotate($0) },
  ]

  /// Scaled products of queries with keys, masked, through a softmax, weight the values.
  ///
  /// Reference: Attention is all you need; Vaswani et al.; 2017.
  private static func attend(_ context: OperatorContext) throws -> [Tensor] {
    var (q, k, v) = (try context.tensor(0), try context.tensor(1), try context.tensor(2))
    let isFlat = q.rank == 3
    func heads(_ x: Tensor, _ count: Int) throws -> Tensor {
      if x.rank == 4 { return x }
      guard x.rank == 3, count > 0, x.shape[2] % count == 0 else {
        throw OperatorError("cannot divide \(x.shape) into \(count) heads")
      }
      let split: Shape = [x.shape[0], x.shape[1], count, x.shape[2] / count]
      return x.reshaped(to: split).transposed(permutation: [0, 2, 1, 3])
    }
    let (queryHeads, keyHeads) = (context.int("q_num_heads", 0), context.int("kv_num_heads", 0))
    q = try heads(q, queryHeads)
    k = try heads(k, keyHeads)
    v = try heads(v, keyHeads)
    var past = 0
    if let pastKeys = try context.optional(4), let pastValues = try context.optional(5) {
      past = pastKeys.rank == 4 ? pastKeys.shape[2] : 0
      k = concatenate([pastKeys, k], axis: 2)
      v = concatenate([pastValues, v], axis: 2)
    }
    let (presentKeys, presentValues) = (k, v)
    guard q.rank == 4, k.rank == 4, v.rank == 4, k.shape[1] > 0, q.shape[1] % k.shape[1] == 0 else {
      throw OperatorError("has queries \(q.shape), keys \(k.shape) and values \(v.shape), which do not fit")
    }
    let group = q.shape[1] / k.shape[1]
    if group > 1 {
      k = k.repeated(group, axis: 1)
      v = v.repeated(group, axis: 1)
    }
    let scale = context.has("scale") ? context.float("scale", 1) : 1 / Double(max(q.shape[3], 1)).squareRoot()
    let root = scale.squareRoot()
    let products = matmul(q * root, k.transposed(permutation: [0, 1, 3, 2]) * root)
    let (rows, columns) = (q.shape[2], k.shape[2])
    var bias: Tensor?
    let never = Tensor(repeating: -.infinity, shape: [], dtype: q.dtype)
    let zero = Tensor(repeating: 0, shape: [], dtype: q.dtype)
    if let mask = try context.optional(3) {
      var added = mask.dtype == .bool ? `where`(mask, zero, never) : mask.cast(to: q.dtype)
      let missing = added.rank > 0 ? columns - added.shape[added.rank - 1] : 0
      if missing > 0 {
        var after = [Int](repeating: 0, count: added.rank)
        after[added.rank - 1] = missing
        added = added.padded(before: after.map { _ in 0 }, after: after, with: -.infinity)
      }
      bias = added
    }
    let places = Tensor.record(Iota(shape: [1, columns], axis: 1, dtype: .int64), [])
    let unpadded = try context.optional(6)
    if context.int("is_causal", 0) != 0 {
      let positions = Tensor.record(Iota(shape: [rows, 1], axis: 0, dtype: .int64), [])
      var offset = Tensor(repeating: Double(past), shape: [], dtype: .int64)
      if let unpadded, past == 0 {
        offset = unpadded.cast(to: .int64).reshaped(to: [unpadded.count, 1, 1, 1] as Shape) - Double(rows)
      }
      let causal = `where`(places .<= positions + offset, zero, never)
      bias = bias.map { $0 + causal } ?? causal
    }
    if let unpadded {
      let lengths = unpadded.cast(to: .int64).reshaped(to: [unpadded.count, 1, 1, 1] as Shape)
      let padding = `where`(places .< lengths, zero, never)
      bias = bias.map { $0 + padding } ?? padding
    }
    let softcap = context.float("softcap", 0)
    let capped = softcap > 0 ? tanh(products / softcap) * softcap : products
    let scores = bias.map { capped + $0 } ?? capped
    // A row that may see nothing gives zeros.
    let largest = scores.max(alongAxes: 3)
    let weights = `where`(largest .== -.infinity, zero, softmax(scores, axis: 3))
    let y = matmul(weights, v)
    let joined = y.transposed(permutation: [0, 2, 1, 3])
    let result = isFlat ? joined.reshaped(to: [y.shape[0], y.shape[2], y.shape[1] * y.shape[3]] as Shape) : y
    let stages = [products, capped, scores, weights]
    let mode = context.int("qk_matmul_output_mode", 0)
    guard stages.indices.contains(mode) else { throw OperatorError("qk_matmul_output_mode is \(mode)") }
    return [result, presentKeys, presentValues, stages[mode]]
  }

  /// Pairs of features turned by angles that grow with the position.
  ///
  /// Reference: RoFormer: Enhanced transformer with rotary position embedding; Su et al.; 2021.
  private static func rotate(_ context: OperatorContext) throws -> Tensor {
    let given = try context.tensor(0)
    var (cosines, sines) = (try context.tensor(1), try context.tensor(2))
    var x = given
    let isFlat = given.rank == 3
    if isFlat {
      let count = context.int("num_heads", 0)
      guard count > 0, given.shape[2] % count == 0 else {
        throw OperatorError("cannot divide \(given.shape) into heads")
      }
      x = given.reshaped(to: [given.shape[0], given.shape[1], count, given.shape[2] / count] as Shape)
    } else {
      guard given.rank == 4 else { throw OperatorError("turns \(given.shape), not [N, heads, T, features]") }
      x = given.transposed(permutation: [0, 2, 1, 3])
    }
    if let positions = try context.optional(3) {
      cosines = cosines.gathered(at: positions, axis: 0)
      sines = sines.gathered(at: positions, axis: 0)
    }
    let turned = context.int("rotary_embedding_dim", 0) > 0 ? context.int("rotary_embedding_dim", 0) : x.shape[3]
    guard turned % 2 == 0, turned <= x.shape[3], cosines.rank == 3, cosines.shape[2] == turned / 2 else {
      throw OperatorError("turns \(turned) features of \(x.shape) by angles \(cosines.shape)")
    }
    let (c, s) = (cosines.expandingShape(at: 2), sines.expandingShape(at: 2))
    let part = x.sliced(axis: 3, from: 0, count: turned)
    let rest = x.sliced(axis: 3, from: turned, count: x.shape[3] - turned)
    let isInterleaved = context.int("interleaved", 0) != 0
    let half = turned / 2
    let a: Tensor
    let b: Tensor
    if isInterleaved {
      let pairs = part.reshaped(to: Shape(Array(part.shape.dropLast()) + [half, 2]))
      a = pairs.sliced(axis: 4, from: 0, count: 1).squeezingShape(at: [4])
      b = pairs.sliced(axis: 4, from: 1, count: 1).squeezingShape(at: [4])
    } else {
      a = part.sliced(axis: 3, from: 0, count: half)
      b = part.sliced(axis: 3, from: half, count: half)
    }
    let (first, second) = (c * a - s * b, s * a + c * b)
    let both =
      isInterleaved
      ? stack([first, second], axis: 4).reshaped(to: part.shape) : concatenate([first, second], axis: 3)
    let whole = rest.shape[3] > 0 ? concatenate([both, rest], axis: 3) : both
    return isFlat ? whole.reshaped(to: given.shape) : whole.transposed(permutation: [0, 2, 1, 3])
  }
}
