// Joining, cutting and repeating tensors.

/// Joins tensors along an axis; all other extents and the element types are equal.
///
/// ```swift
/// concatenate([a, b], axis: 1)   // [2, 3] and [2, 5] give [2, 8]
/// ```
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  guard let first = tensors.first else {
    return Diagnostics.fail(ShapeError("concatenate: there is nothing to join"), like: nil)
  }
  guard let axis = first.resolvedAxis(axis, "concatenate") else { return first }
  return tensors.count == 1 ? first : Tensor.record(Concatenate(axis: axis), tensors)
}

/// Joins tensors of one shape along a new axis.
public func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  guard let first = tensors.first else {
    return Diagnostics.fail(ShapeError("stack: there is nothing to join"), like: nil)
  }
  guard let axis = first.resolvedAxis(axis, "stack", extra: 1) else { return first }
  return concatenate(tensors.map { $0.expandingShape(at: axis) }, axis: axis)
}

extension Tensor {
  /// `count` positions of one axis from `start` on.
  package func sliced(axis: Int, from start: Int, count: Int) -> Tensor {
    if start == 0, count == shape[axis] { return self }
    var starts = [Int](repeating: 0, count: rank)
    var counts = Array(shape)
    starts[axis] = start
    counts[axis] = count
    return Tensor.record(Slice(starts: starts, counts: counts, steps: [Int](repeating: 1, count: rank)), [self])
  }

  /// Pieces with the given extents along an axis, which must add up to its extent.
  public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
    guard let axis = resolvedAxis(axis, "split") else { return sizes.map { _ in self } }
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == shape[axis] else {
      let problem = "split: the sizes \(sizes) must add up to the \(shape[axis]) positions of axis \(axis)"
      return Array(repeating: Diagnostics.fail(ShapeError(problem), like: type), count: sizes.count)
    }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(axis: axis, from: start, count: size)
    }
  }

  /// `count` pieces of one size along an axis, which `count` must divide.
  public func split(into count: Int, axis: Int = 0) -> [Tensor] {
    guard let axis = resolvedAxis(axis, "split") else { return [self] }
    guard count > 0, shape[axis] % count == 0 else {
      let problem = "split: the \(shape[axis]) positions of axis \(axis) cannot be cut into \(count) equal pieces"
      return Array(repeating: Diagnostics.fail(ShapeError(problem), like: type), count: Swift.max(count, 1))
    }
    return split(sizes: Array(repeating: shape[axis] / count, count: count), axis: axis)
  }

  /// The slices along an axis, which disappears: the reverse of ``stack(_:axis:)``.
  public func unstacked(axis: Int = 0) -> [Tensor] {
    guard let axis = resolvedAxis(axis, "unstacked") else { return [self] }
    let rest = shape.removing(axes: [axis])
    return (0..<shape[axis]).map { sliced(axis: axis, from: $0, count: 1).reshaped(to: rest) }
  }

  /// The whole tensor repeated along each axis, as NumPy's `tile`: `[2, 3]` tiled `[2, 1]` times is `[4, 3]`.
  ///
  /// - Precondition: at least one number for each axis; more add axes in front.
  public func tiled(_ repeats: [Int]) -> Tensor {
    guard repeats.count >= rank, repeats.allSatisfy({ $0 >= 0 }), repeats.count <= Shape.maximumRank else {
      let problem = "tiled(\(repeats)): needs a number of at least 0 for each axis of \(shape)"
      return Diagnostics.fail(ShapeError(problem), like: type)
    }
    var result = reshaped(to: Shape(Array(repeating: 1, count: repeats.count - rank) + Array(shape)))
    for (axis, count) in repeats.enumerated() where count != 1 {
      if result.shape[axis] == 1 {
        var target = result.shape
        target[axis] = count
        result = result.broadcast(to: target)
      } else {
        result =
          count == 0
          ? result.sliced(axis: axis, from: 0, count: 0)
          : concatenate(Array(repeating: result, count: count), axis: axis)
      }
    }
    return result
  }

  /// Each position of an axis repeated `count` times in place, as NumPy's `repeat`: `[1, 2]` becomes `[1, 1, 2, 2]`.
  public func repeated(_ count: Int, axis: Int) -> Tensor {
    guard let axis = resolvedAxis(axis, "repeated"), count >= 0 else { return self }
    let outer = shape.prefix(axis).reduce(1, *)
    let inner = shape.dropFirst(axis + 1).reduce(1, *)
    let wide = reshaped(to: [outer * shape[axis], 1, inner] as Shape)
      .broadcast(to: [outer * shape[axis], count, inner])
    var target = shape
    target[axis] *= count
    return wide.reshaped(to: target)
  }

  /// The tensor with the order of elements reversed along axes.
  public func flipped(axes: Int...) -> Tensor { flipped(axes: axes) }

  /// The tensor with the order of elements reversed along axes.
  public func flipped(axes: [Int]) -> Tensor {
    guard let axes = resolvedAxes(axes) else {
      return Diagnostics.fail(ShapeError("flipped: \(axes) does not name distinct axes of \(shape)"), like: type)
    }
    var starts = [Int](repeating: 0, count: rank)
    var steps = [Int](repeating: 1, count: rank)
    for axis in axes where shape[axis] > 0 { (starts[axis], steps[axis]) = (shape[axis] - 1, -1) }
    return Tensor.record(Slice(starts: starts, counts: Array(shape), steps: steps), [self])
  }

  /// The tensor shifted along an axis; what leaves at the end comes back at the start.
  public func rolled(by shift: Int, axis: Int) -> Tensor {
    guard let axis = resolvedAxis(axis, "rolled"), shape[axis] > 0 else { return self }
    let extent = shape[axis]
    let places = (shift % extent + extent) % extent
    guard places > 0 else { return self }
    let tail = sliced(axis: axis, from: extent - places, count: places)
    return concatenate([tail, sliced(axis: axis, from: 0, count: extent - places)], axis: axis)
  }

  /// The tensor surrounded by a constant: `before[a]` elements before and `after[a]` after it along each axis.
  public func padded(before: [Int], after: [Int], with value: Double = 0) -> Tensor {
    Tensor.record(Pad(low: before, high: after, value: value), [self])
  }

  /// The elements of the last two axes on and above a diagonal, zeros below; diagonal 1 is the one above the main one.
  public func upperTriangle(diagonal: Int = 0) -> Tensor { triangle(diagonal) { $0 .>= $1 } }

  /// The elements of the last two axes on and below a diagonal, zeros above; diagonal -1 is the one below the main one.
  public func lowerTriangle(diagonal: Int = 0) -> Tensor { triangle(diagonal) { $0 .<= $1 } }

  private func triangle(_ diagonal: Int, _ keeps: (_ column: Tensor, _ row: Tensor) -> Tensor) -> Tensor {
    guard rank >= 2 else {
      return Diagnostics.fail(ShapeError("a triangle needs at least two axes, got \(shape)"), like: type)
    }
    let rows = Tensor.record(Iota(shape: [shape[rank - 2], 1], axis: 0, dtype: .int64), [])
    let columns = Tensor.record(Iota(shape: [shape[rank - 1]], axis: 0, dtype: .int64), [])
    let kept = keeps(columns, diagonal == 0 ? rows : rows + Double(diagonal))
    return Tensor.record(Select(), [kept, self, Tensor.scalar(0, dtype: dtype)])
  }

  /// The slices along an axis at integer positions, as NumPy's `take`: the axis is replaced by the positions' shape.
  ///
  /// ```swift
  /// embeddings.gathered(at: words)   // [V, E] at [N, T] gives [N, T, E]
  /// ```
  /// - Precondition: every position lies in the axis; negative ones are an error.
  public func gathered(at indices: Tensor, axis: Int = 0) -> Tensor {
    guard let axis = resolvedAxis(axis, "gathered") else { return self }
    return Tensor.record(Gather(axis: axis), [self, indices])
  }

  /// Single elements by their positions along an axis, as PyTorch's `gather`: the result has the positions' shape.
  public func gatheredElements(at indices: Tensor, axis: Int) -> Tensor {
    guard let axis = resolvedAxis(axis, "gatheredElements") else { return self }
    return Tensor.record(GatherElements(axis: axis), [self, indices])
  }

  /// The tensor plus slices added at integer positions along an axis, as PyTorch's `index_add`; repeated positions
  /// add up.
  public func addingSlices(_ updates: Tensor, at indices: Tensor, axis: Int = 0) -> Tensor {
    guard let axis = resolvedAxis(axis, "addingSlices") else { return self }
    return self + Tensor.record(ScatterAdd(axis: axis, extent: shape[axis]), [updates, indices])
  }

  /// The tensor plus single elements added at their positions along an axis, as PyTorch's `scatter_add`.
  public func addingElements(_ updates: Tensor, at indices: Tensor, axis: Int) -> Tensor {
    guard let axis = resolvedAxis(axis, "addingElements") else { return self }
    return self + Tensor.record(ScatterAddElements(axis: axis, shape: shape), [updates, indices])
  }
}

/// Elements of `a` where the condition holds, elements of `b` elsewhere; all three broadcast.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  Tensor.record(Select(), [condition, a, b])
}
