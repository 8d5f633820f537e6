import ApusTensor

extension Operators {
  /// What takes and puts elements by their positions.
  static let indexing: [String: Operator] = [
    "Gather": .tensor { context in
      let x = try context.tensor(0)
      let axis = try context.axis(context.int("axis", 0), rank: x.rank)
      return x.gathered(at: try positions(context, 1, x.shape[axis]), axis: axis)
    },
    "GatherElements": .tensor { context in
      let x = try context.tensor(0)
      let axis = try context.axis(context.int("axis", 0), rank: x.rank)
      return x.gatheredElements(at: try positions(context, 1, x.shape[axis]), axis: axis)
    },
    "GatherND": .tensor { try gatherND($0) },
    "ScatterElements": .tensor { try scatterElements($0) },
    "Scatter": .tensor { try scatterElements($0) },
    "ScatterND": .tensor { try scatterND($0) },
    "OneHot": Operator { try oneHot($0) },
    "Compress": .tensor { context in
      let x = try context.tensor(0)
      let flat = context.has("axis") ? x : x.flattened()
      let axis = try context.axis(context.int("axis", 0), rank: flat.rank)
      guard let kept = try context.optionalNumbers(1) else { throw OperatorError("lacks its condition") }
      let places = kept.indices.filter { kept[$0] != 0 && $0 < flat.shape[axis] }.map { Int64($0) }
      return flat.gathered(at: Tensor(places), axis: axis)
    },
    "NonZero": .tensor { context in
      guard let array = try context.optionalArray(0) else { throw OperatorError("lacks its input") }
      let values = array.scalars(as: Double.self)
      let places = values.indices.filter { values[$0] != 0 }
      let rows = array.shape.rowMajorStrides.enumerated().flatMap { axis, stride in
        places.map { Int64($0 / stride % array.shape[axis]) }
      }
      return Tensor(rows, shape: [array.shape.rank, places.count])
    },
  ]

  /// Positions from 0 on, from those that may count from the end; known ones are checked.
  private static func positions(_ context: OperatorContext, _ input: Int, _ extent: Int) throws -> Tensor {
    let indices = try context.tensor(input)
    guard indices.dtype == .int32 || indices.dtype == .int64 else {
      throw OperatorError("its positions are \(indices.dtype)")
    }
    if try context.value(input).isConstant, let known = try? context.integers(input) {
      guard known.allSatisfy({ $0 >= -extent && $0 < extent }) else {
        throw OperatorError("takes a position outside \(extent)")
      }
      return Tensor(known.map { Int64($0 < 0 ? $0 + extent : $0) }, shape: indices.shape)
    }
    return `where`(indices .< 0, indices + Double(extent), indices)
  }

  private static func scatterElements(_ context: OperatorContext) throws -> Tensor {
    let (x, updates) = (try context.tensor(0), try context.tensor(2))
    let axis = try context.axis(context.int("axis", 0), rank: x.rank)
    return try scattered(
      context.string("reduction", "none"), into: x, updates, at: try positions(context, 1, x.shape[axis]), axis)
  }

  /// Elements put, added, multiplied or compared into a tensor along an axis.
  private static func scattered(
    _ reduction: String, into x: Tensor, _ updates: Tensor, at indices: Tensor, _ axis: Int
  ) throws -> Tensor {
    switch reduction {
    case "add": return x.addingElements(updates, at: indices, axis: axis)
    case "none":
      let kind: DType = x.dtype == .bool ? .int32 : x.dtype
      let zeros = Tensor.zeros(x.shape, dtype: kind)
      let put = zeros.addingElements(updates.cast(to: kind), at: indices, axis: axis)
      let ones = Tensor.ones(updates.shape, dtype: .int32)
      let counts = Tensor.zeros(x.shape, dtype: .int32).addingElements(ones, at: indices, axis: axis)
      return `where`(counts .> 0, put.cast(to: x.dtype), x)
    case "mul", "max", "min":
      // One update after another along the axis: positions may occur several times.
      guard updates.rank > 0, updates.shape[axis] <= 256 else {
        throw OperatorError("its reduction '\(reduction)' is supported for at most 256 updates along the axis")
      }
      var result = x
      for place in 0..<updates.shape[axis] {
        let update = updates.sliced(axis: axis, from: place, count: 1)
        let index = indices.sliced(axis: axis, from: place, count: 1)
        let old = result.gatheredElements(at: index, axis: axis)
        let new = reduction == "mul" ? old * update : reduction == "max" ? max(old, update) : min(old, update)
        result = try scattered("none", into: result, new, at: index, axis)
      }
      return result
    default: throw OperatorError("the reduction '\(reduction.prefix(40))' is unknown")
    }
  }

  /// The positions in the flattened first axes that tuples of positions name.
  private static func flatPositions(
    _ context: OperatorContext, _ indices: Tensor, _ extents: [Int]
  ) throws -> Tensor {
    var sum = Tensor(repeating: 0, shape: [], dtype: .int64)
    let strides = Shape(extents).rowMajorStrides
    for (axis, extent) in extents.enumerated() {
      let index = indices.sliced(axis: indices.rank - 1, from: axis, count: 1).squeezingShape(at: [indices.rank - 1])
        .cast(to: .int64)
      sum = sum + `where`(index .< 0, index + Double(extent), index) * Double(strides[axis])
    }
    return sum
  }

  private static func gatherND(_ context: OperatorContext) throws -> Tensor {
    let (x, indices) = (try context.tensor(0), try context.tensor(1))
    let batch = context.int("batch_dims", 0)
    guard indices.rank > 0, batch >= 0, batch < min(x.rank, indices.rank) else {
      throw OperatorError("has \(batch) batch axes for \(x.shape) at \(indices.shape)")
    }
    let depth = indices.shape[indices.rank - 1]
    guard depth >= 1, batch + depth <= x.rank, Array(x.shape.prefix(batch)) == Array(indices.shape.prefix(batch)) else {
      throw OperatorError("cannot take \(indices.shape) from \(x.shape)")
    }
    let named = Array(x.shape[batch..<batch + depth])
    var flat = try flatPositions(context, indices, named)
    let batches = x.shape.prefix(batch).reduce(1, *)
    if batch > 0 {
      let row = Tensor.record(Iota(shape: [batches], axis: 0, dtype: .int64), []) * Double(named.reduce(1, *))
      let extents = Array(x.shape.prefix(batch)) + [Int](repeating: 1, count: flat.rank - batch)
      flat = flat + row.reshaped(to: Shape(extents))
    }
    let rest = Array(x.shape.dropFirst(batch + depth))
    let rows = x.reshaped(to: try context.shape([batches * named.reduce(1, *)] + rest))
    return rows.gathered(at: flat, axis: 0)
  }

  private static func scatterND(_ context: OperatorContext) throws -> Tensor {
    let (x, indices, updates) = (try context.tensor(0), try context.tensor(1), try context.tensor(2))
    guard indices.rank > 0, let depth = indices.shape.last, depth >= 1, depth <= x.rank else {
      throw OperatorError("cannot put at \(indices.shape) into \(x.shape)")
    }
    let named = Array(x.shape.prefix(depth))
    let inner = x.shape.dropFirst(depth).reduce(1, *)
    let flat = try flatPositions(context, indices, named).flattened()
    let rows = x.reshaped(to: [named.reduce(1, *), inner] as Shape)
    let values = updates.reshaped(to: [flat.count, inner] as Shape)
    let places = flat.expandingShape(at: 1).broadcast(to: [flat.count, inner])
    return try scattered(context.string("reduction", "none"), into: rows, values, at: places, 0).reshaped(to: x.shape)
  }

  private static func oneHot(_ context: OperatorContext) throws -> [ONNXValue] {
    let (indices, values) = (try context.tensor(0), try context.tensor(2))
    guard let depth = try context.optionalNumbers(1)?.first, depth >= 1, depth < 0x1p30, values.count == 2 else {
      throw OperatorError("needs a depth of at least 1 and two values")
    }
    let whole = indices.cast(to: .int64)
    let classes = whole.flooredRemainder(dividingBy: Tensor(repeating: depth, shape: [], dtype: .int64))
    let isInside = (whole .>= -depth) .&& (whole .< depth)
    let rank = indices.rank + 1
    let axis = try context.axis(context.int("axis", -1), rank: rank)
    let hot = classes.oneHot(depth: Int(depth), dtype: .bool) .&& isInside.expandingShape(at: -1)
    var order = Array(0..<rank - 1)
    order.insert(rank - 1, at: axis)
    let placed = hot.transposed(permutation: order)
    let (off, on) = (values.sliced(axis: 0, from: 0, count: 1), values.sliced(axis: 0, from: 1, count: 1))
    let result = `where`(placed, on.reshaped(to: []), off.reshaped(to: []))
    return [ONNXValue(result, element: try context.value(2).element)]
  }
}
