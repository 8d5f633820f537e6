import ApusTensor

extension Operators {
  /// The transposed convolution that the node's attributes describe, over one, two or three spatial axes.
  static func transposedConvolution(_ context: OperatorContext) throws -> Tensor {
    let (x, weights, bias) = (try context.tensor(0), try context.tensor(1), try context.optional(2))
    guard x.rank >= 3, x.rank <= 5, weights.rank == x.rank else {
      throw OperatorError("convolves \(x.shape) by \(weights.shape); Apus does so over one to three spatial axes")
    }
    let moves = try TransposedMoves(
      context, kernel: Array(weights.shape.dropFirst(2)), spatial: Array(x.shape.dropFirst(2)))
    let groups = context.int("group", 1)
    let y: Tensor
    switch x.rank {
    case 3:
      let wide = flat(x.expandingShape(at: 2), weights.expandingShape(at: 2), moves.ofOneRow, groups)
      y = wide.squeezingShape(at: [2])
    case 4: y = flat(x, weights, moves, groups)
    default: y = try deep(context, x, weights, moves, groups)
    }
    return bias.map { y + $0.reshaped(to: Shape([1, $0.count] + Array(repeating: 1, count: x.rank - 2))) } ?? y
  }

  private static func flat(_ x: Tensor, _ weights: Tensor, _ moves: TransposedMoves, _ groups: Int) -> Tensor {
    // What is asked for beyond the stride is zeros.
    let inside = moves.extra.indices.map {
      min(moves.extra[$0], max(moves.window.strides[$0], moves.window.dilations[$0]) - 1)
    }
    let outside = zip(moves.extra, inside).map { $0 - $1 }
    let y = transposedConv2D(
      x, weights, geometry: moves.window.flat(groups: groups), outputPadding: Size2D(inside[0], inside[1]))
    return outside.contains { $0 > 0 } ? y.padded(before: [0, 0, 0, 0], after: [0, 0] + outside) : y
  }

  /// Three spatial axes: every place along the kernel's first axis spreads all slices of the volume over the result's
  /// depth, `stride` apart.
  private static func deep(
    _ context: OperatorContext, _ x: Tensor, _ weights: Tensor, _ moves: TransposedMoves, _ groups: Int
  ) throws -> Tensor {
    let (stride, dilation) = (moves.window.strides[0], moves.window.dilations[0])
    let full = (x.shape[2] - 1) * stride + (moves.window.kernel[0] - 1) * dilation + 1
    let (low, depth) = (moves.window.low[0], full + moves.extra[0] - moves.window.low[0] - moves.window.high[0])
    guard x.shape[2] >= 1, depth >= 1 else { throw OperatorError("nothing would remain of \(x.shape)") }
    let images = x.transposed(permutation: [0, 2, 1, 3, 4]).reshaped(
      to: [x.shape[0] * x.shape[2], x.shape[1], x.shape[3], x.shape[4]] as Shape)
    var sum: Tensor?
    for place in 0..<moves.window.kernel[0] {
      let kernel = weights.sliced(axis: 2, from: place, count: 1).squeezingShape(at: [2])
      let term = flat(images, kernel, moves.withoutDepth, groups)
      let slices = term.reshaped(
        to: [x.shape[0], x.shape[2], term.shape[1], term.shape[2], term.shape[3]] as Shape)
      var extents = Array(slices.shape)
      extents[1] = max(full, low + depth)
      let spread = Tensor.record(
        Unslice(
          shape: try context.shape(extents), starts: [0, place * dilation, 0, 0, 0], steps: [1, stride, 1, 1, 1]),
        [slices])
      sum = sum.map { $0 + spread } ?? spread
    }
    guard let sum else { throw OperatorError("its kernel is empty") }
    return sum.sliced(axis: 1, from: low, count: depth).transposed(permutation: [0, 2, 1, 3, 4])
  }
}

/// How the window of a transposed convolution moves, and what is added behind its result.
private struct TransposedMoves {
  var window: WindowMoves
  /// Elements behind the result of the window alone, for each axis.
  var extra: [Int]

  init(_ context: OperatorContext, kernel: [Int], spatial: [Int]) throws {
    window = try WindowMoves(context, kernel: kernel, spatial: spatial)
    extra = context.ints("output_padding") ?? [Int](repeating: 0, count: spatial.count)
    let limit = 1 << 24
    guard extra.count == spatial.count, extra.allSatisfy({ $0 >= 0 && $0 <= limit }) else {
      throw OperatorError("its output_padding is \(extra.prefix(8)); it needs one number of at least 0 for each axis")
    }
    let side = context.string("auto_pad", "NOTSET")
    for axis in spatial.indices {
      let full = (spatial[axis] - 1) * window.strides[axis] + (kernel[axis] - 1) * window.dilations[axis] + 1
      var wanted: Int?
      if let shape = context.ints("output_shape"), shape.count >= spatial.count {
        wanted = shape[shape.count - spatial.count + axis]
      } else if side.hasPrefix("SAME") {
        wanted = spatial[axis] * window.strides[axis]
      }
      guard let wanted else { continue }
      guard wanted >= 1, wanted <= limit else { throw OperatorError("its output_shape asks for \(wanted) elements") }
      let total = full + extra[axis] - wanted
      if total < 0 {
        (window.low[axis], window.high[axis]) = (0, 0)
        extra[axis] -= total
      } else {
        window.low[axis] = side == "SAME_UPPER" ? total / 2 : total - total / 2
        window.high[axis] = total - window.low[axis]
      }
    }
  }

  /// The same for images of one row.
  var ofOneRow: TransposedMoves {
    var wide = self
    wide.window = window.ofOneRow
    wide.extra = [0] + extra
    return wide
  }

  /// The same along all axes but the first.
  var withoutDepth: TransposedMoves {
    var flat = self
    flat.window = window.withoutDepth
    flat.extra.removeFirst()
    return flat
  }
}

extension WindowMoves {
  /// The same over images of one row.
  fileprivate var ofOneRow: WindowMoves {
    var wide = self
    wide.kernel.insert(1, at: 0)
    wide.strides.insert(1, at: 0)
    wide.dilations.insert(1, at: 0)
    wide.low.insert(0, at: 0)
    wide.high.insert(0, at: 0)
    return wide
  }
}
