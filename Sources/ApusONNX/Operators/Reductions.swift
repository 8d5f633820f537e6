import ApusTensor

extension Operators {
  /// Reductions, largest elements, running sums.
  static let reductions: [String: Operator] = [
    "ReduceSum": .reduce { $0.sum(alongAxes: $1) },
    "ReduceMean": .reduce { x, axes in
      x.dtype.isFloatingPoint ? x.mean(alongAxes: axes) : x.cast(to: .float64).mean(alongAxes: axes).cast(to: x.dtype)
    },
    "ReduceMax": .reduce { extreme($0, $1, isMax: true) },
    "ReduceMin": .reduce { extreme($0, $1, isMax: false) },
    "ReduceProd": .reduce { $0.product(alongAxes: $1) },
    "ReduceL1": .reduce { abs($0).sum(alongAxes: $1) },
    "ReduceL2": .reduce { root(($0 * $0).sum(alongAxes: $1)) },
    "ReduceSumSquare": .reduce { ($0 * $0).sum(alongAxes: $1) },
    "ReduceLogSum": .reduce { log($0.sum(alongAxes: $1)) },
    "ReduceLogSumExp": .reduce { x, axes in
      axes.contains { x.shape[$0] == 0 } ? log(exp(x).sum(alongAxes: axes)) : logSumExp(x, alongAxes: axes)
    },
    "ArgMax": .tensor { try place($0, isMax: true) },
    "ArgMin": .tensor { try place($0, isMax: false) },
    "TopK": .tensors { context in
      let x = try context.tensor(0)
      let axis = try context.axis(context.int("axis", -1), rank: x.rank)
      guard let k = try context.opset < 10 ? context.int("k", 1) : context.integers(1).first else {
        throw OperatorError("lacks the number of elements")
      }
      let result = x.topK(k, axis: axis, largest: context.int("largest", 1) != 0)
      return [result.values, result.indices]
    },
    "CumSum": .tensor { context in
      try running(context) { $0.cumulativeSum(axis: $1, reverse: $2) }
    },
    "CumProd": .tensor { context in
      try running(context) { x, axis, isReversed in
        let ordered = isReversed ? x.flipped(axes: axis) : x
        let products = ordered.cumulativeProduct(axis: axis)
        return isReversed ? products.flipped(axes: axis) : products
      }
    },
  ]

  private static func root(_ x: Tensor) -> Tensor {
    x.dtype.isFloatingPoint ? sqrt(x) : sqrt(x.cast(to: .float64)).cast(to: x.dtype)
  }

  /// The extreme of nothing is the other end of what the type can hold.
  private static func extreme(_ x: Tensor, _ axes: [Int], isMax: Bool) -> Tensor {
    if x.dtype == .bool {
      return extreme(x.cast(to: .uint8), axes, isMax: isMax).cast(to: .bool)
    }
    guard axes.contains(where: { x.shape[$0] == 0 }) else {
      return isMax ? x.max(alongAxes: axes) : x.min(alongAxes: axes)
    }
    let end: Double =
      switch x.dtype {
      case .uint8, .bool: isMax ? 0 : 255
      case .int32: isMax ? -0x1p31 : 0x1p31 - 1
      case .int64: isMax ? -0x1p63 : 0x1p63
      case .float32, .float64: isMax ? -.infinity : .infinity
      }
    return Tensor(repeating: end, shape: x.shape.keeping(axes: axes), dtype: x.dtype)
  }

  private static func place(_ context: OperatorContext, isMax: Bool) throws -> Tensor {
    let x = try context.tensor(0)
    let axis = try context.axis(context.int("axis", 0), rank: x.rank)
    let takesLast = context.int("select_last_index", 0) != 0
    let ordered = takesLast ? x.flipped(axes: axis) : x
    var result = isMax ? ordered.argMax(axis: axis) : ordered.argMin(axis: axis)
    if takesLast { result = Double(x.shape[axis] - 1) - result }
    return context.int("keepdims", 1) != 0 ? result.expandingShape(at: axis) : result
  }

  private static func running(
    _ context: OperatorContext, _ function: (Tensor, Int, Bool) -> Tensor
  ) throws -> Tensor {
    let x = try context.tensor(0)
    let axis = try context.axis(try context.integers(1).first ?? 0, rank: x.rank)
    let isReversed = context.int("reverse", 0) != 0
    guard context.int("exclusive", 0) != 0, x.shape[axis] > 0 else { return function(x, axis, isReversed) }
    // Without the element itself: everything moves one place on, and the neutral element comes in.
    let neutral = context.node.operation == "CumSum" ? 0.0 : 1
    let count = x.shape[axis] - 1
    let rest = x.sliced(axis: axis, from: isReversed ? 1 : 0, count: count)
    var (low, high) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
    if isReversed { high[axis] = 1 } else { low[axis] = 1 }
    return function(rest.padded(before: low, after: high, with: neutral), axis, isReversed)
  }
}

extension Operator {
  /// A reduction; the axes are an attribute or, later, an input.
  fileprivate static func reduce(_ function: @escaping @Sendable (Tensor, [Int]) -> Tensor) -> Operator {
    tensor { context in
      let x = try context.tensor(0)
      let named = try context.ints("axes") ?? context.optionalIntegers(1) ?? []
      if named.isEmpty, context.int("noop_with_empty_axes", 0) != 0 { return function(x, []) }
      let axes = try named.isEmpty ? Array(0..<x.rank) : named.map { try context.axis($0, rank: x.rank) }
      let result = function(x, axes)
      guard context.int("keepdims", 1) == 0 else { return result }
      return result.reshaped(to: x.shape.removing(axes: axes))
    }
  }
}
