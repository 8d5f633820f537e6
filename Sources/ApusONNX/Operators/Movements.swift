import ApusTensor

extension Operators {
  /// What moves elements about.
  static let movements: [String: Operator] = [
    "Transpose": .tensor { context in
      let x = try context.tensor(0)
      return x.transposed(permutation: context.ints("perm") ?? Array((0..<x.rank).reversed()))
    },
    "Concat": .tensor { context in
      let parts = try context.tensors()
      guard let first = parts.first else { throw OperatorError("has no inputs") }
      return concatenate(parts, axis: try context.axis(context.int("axis", 1), rank: first.rank))
    },
    "Split": .tensors { context in
      let x = try context.tensor(0)
      let axis = try context.axis(context.int("axis", 0), rank: x.rank)
      if let sizes = try context.ints("split") ?? context.optionalIntegers(1) {
        guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == x.shape[axis] else {
          throw OperatorError("cannot split \(x.shape[axis]) elements into \(sizes)")
        }
        return x.split(sizes: sizes, axis: axis)
      }
      let count = context.int("num_outputs", context.outputCount)
      guard count >= 1, count <= max(x.shape[axis], 1) else { throw OperatorError("splits into \(count) parts") }
      let size = (x.shape[axis] + count - 1) / count
      let sizes = (0..<count).map { max(min(size, x.shape[axis] - $0 * size), 0) }
      return x.split(sizes: sizes, axis: axis)
    },
    "Slice": .tensor { try slice($0) },
    "Pad": .tensor { try pad($0) },
    "Tile": .tensor { context in
      let x = try context.tensor(0)
      let repeats = try context.integers(1)
      guard repeats.count == x.rank, repeats.allSatisfy({ $0 >= 0 }) else {
        throw OperatorError("repeats \(x.shape) by \(repeats)")
      }
      _ = try context.shape(zip(x.shape, repeats).map { $0.multipliedReportingOverflow(by: $1).partialValue })
      return x.tiled(repeats)
    },
    "DepthToSpace": .tensor { context in
      let x = try context.tensor(0)
      let size = context.int("blocksize", 1)
      guard x.rank == 4, size >= 1, size < 1 << 16, x.shape[1] % (size * size) == 0 else {
        throw OperatorError("cannot make blocks of \(size) from \(x.shape)")
      }
      let (n, c, h, w) = (x.shape[0], x.shape[1] / (size * size), x.shape[2], x.shape[3])
      let isCRD = context.string("mode", "DCR") == "CRD"
      let parts = x.reshaped(to: (isCRD ? [n, c, size, size, h, w] : [n, size, size, c, h, w]) as [Int])
      return parts.transposed(permutation: isCRD ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
        .reshaped(to: [n, c, h * size, w * size] as Shape)
    },
    "SpaceToDepth": .tensor { context in
      let x = try context.tensor(0)
      let size = context.int("blocksize", 1)
      guard x.rank == 4, size >= 1, x.shape[2] % size == 0, x.shape[3] % size == 0 else {
        throw OperatorError("cannot take blocks of \(size) from \(x.shape)")
      }
      let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / size, x.shape[3] / size)
      return x.reshaped(to: [n, c, h, size, w, size] as Shape).transposed(permutation: [0, 3, 5, 1, 2, 4])
        .reshaped(to: [n, c * size * size, h, w] as Shape)
    },
    "CenterCropPad": .tensor { try centreCropPad($0) },
    "ReverseSequence": .tensor { try reverseSequence($0) },
    "Col2Im": .tensor { try columnsToImage($0) },
  ]

  private static func slice(_ context: OperatorContext) throws -> Tensor {
    let x = try context.tensor(0)
    let isOld = context.opset < 10
    guard let starts = try isOld ? context.ints("starts") : context.integers(1),
      let ends = try isOld ? context.ints("ends") : context.integers(2)
    else { throw OperatorError("lacks its starts or ends") }
    let axes = try (isOld ? context.ints("axes") : context.optionalIntegers(3)) ?? Array(starts.indices)
    let steps = try (isOld ? nil : context.optionalIntegers(4)) ?? starts.map { _ in 1 }
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count else {
      throw OperatorError("has unequal numbers of starts, ends, axes and steps")
    }
    var (first, counts, strides) = (
      [Int](repeating: 0, count: x.rank), Array(x.shape), [Int](repeating: 1, count: x.rank)
    )
    for (place, named) in axes.enumerated() {
      let axis = try context.axis(named, rank: x.rank)
      let (extent, step) = (x.shape[axis], max(min(steps[place], 1 << 40), -(1 << 40)))
      guard step != 0 else { throw OperatorError("takes steps of 0") }
      func clamped(_ value: Int) -> Int {
        let position = value < 0 ? max(value, -(1 << 60)) + extent : value
        return step > 0 ? min(max(position, 0), extent) : min(max(position, -1), extent - 1)
      }
      let (start, end) = (clamped(starts[place]), clamped(ends[place]))
      counts[axis] = step > 0 ? max((end - start + step - 1) / step, 0) : max((start - end - step - 1) / -step, 0)
      first[axis] = counts[axis] == 0 ? 0 : start
      // With at most one element the step means nothing.
      strides[axis] = counts[axis] > 1 ? step : 1
    }
    return Tensor.record(Slice(starts: first, counts: counts, steps: strides), [x])
  }

  private static func pad(_ context: OperatorContext) throws -> Tensor {
    let x = try context.tensor(0)
    guard let pads = try context.opset < 11 ? context.ints("pads") : context.integers(1) else {
      throw OperatorError("lacks its pads")
    }
    let named = try context.optionalIntegers(3)?.map { try context.axis($0, rank: x.rank) } ?? Array(0..<x.rank)
    guard pads.count == 2 * named.count, pads.allSatisfy({ abs($0) < 1 << 32 }) else {
      throw OperatorError("has \(pads.count) pads for \(named.count) axes")
    }
    var (low, high) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
    for (place, axis) in named.enumerated() { (low[axis], high[axis]) = (pads[place], pads[place + named.count]) }
    var cut = x
    for axis in 0..<x.rank where low[axis] < 0 || high[axis] < 0 {
      let (start, end) = (max(-low[axis], 0), max(-high[axis], 0))
      guard start + end <= x.shape[axis] else { throw OperatorError("cuts more than \(x.shape) has") }
      cut = cut.sliced(axis: axis, from: start, count: x.shape[axis] - start - end)
    }
    (low, high) = (low.map { max($0, 0) }, high.map { max($0, 0) })
    _ = try context.shape(cut.shape.indices.map { cut.shape[$0] + low[$0] + high[$0] })
    let mode = context.string("mode", "constant")
    if mode == "constant" {
      let value = try context.opset < 11 ? context.float("value", 0) : context.optionalNumbers(2)?.first ?? 0
      if cut.dtype == .bool {
        return cut.cast(to: .uint8).padded(before: low, after: high, with: value).cast(to: .bool)
      }
      return cut.padded(before: low, after: high, with: value)
    }
    for axis in 0..<x.rank where low[axis] + high[axis] > 0 {
      let extent = cut.shape[axis]
      let places = try (-low[axis]..<extent + high[axis]).map { place -> Int64 in
        guard extent > 0 else { throw OperatorError("pads nothing by '\(mode)'") }
        switch mode {
        case "edge": return Int64(min(max(place, 0), extent - 1))
        case "wrap": return Int64(((place % extent) + extent) % extent)
        case "reflect":
          let period = max(2 * (extent - 1), 1)
          let folded = ((place % period) + period) % period
          return Int64(min(folded < extent ? folded : period - folded, extent - 1))
        default: throw OperatorError("the mode '\(mode.prefix(40))' is unknown")
        }
      }
      cut = cut.gathered(at: Tensor(places), axis: axis)
    }
    return cut
  }

  private static func centreCropPad(_ context: OperatorContext) throws -> Tensor {
    var x = try context.tensor(0)
    let wanted = try context.integers(1)
    let axes = try (context.ints("axes") ?? Array(0..<x.rank)).map { try context.axis($0, rank: x.rank) }
    guard axes.count == wanted.count, wanted.allSatisfy({ $0 >= 0 && $0 < 1 << 32 }) else {
      throw OperatorError("has \(wanted.count) extents for \(axes.count) axes")
    }
    for (axis, extent) in zip(axes, wanted) {
      let difference = extent - x.shape[axis]
      if difference < 0 { x = x.sliced(axis: axis, from: -difference / 2, count: extent) }
      if difference > 0 {
        var (low, high) = ([Int](repeating: 0, count: x.rank), [Int](repeating: 0, count: x.rank))
        (low[axis], high[axis]) = (difference / 2, difference - difference / 2)
        x = x.padded(before: low, after: high)
      }
    }
    return x
  }

  private static func reverseSequence(_ context: OperatorContext) throws -> Tensor {
    let (x, lengths) = (try context.tensor(0), try context.tensor(1))
    let time = try context.axis(context.int("time_axis", 0), rank: x.rank)
    let batch = try context.axis(context.int("batch_axis", 1), rank: x.rank)
    guard lengths.shape == [x.shape[batch]] else {
      throw OperatorError("needs one length for each of \(x.shape[batch])")
    }
    let length = lengths.reshaped(to: Shape(x.shape.indices.map { $0 == batch ? x.shape[batch] : 1 }))
    let place = Tensor.record(
      Iota(shape: Shape(x.shape.indices.map { $0 == time ? x.shape[time] : 1 }), axis: time, dtype: .int64), [])
    let reversed = `where`(place .< length, length - place - 1, place).broadcast(to: x.shape)
    return x.gatheredElements(at: reversed, axis: time)
  }

  /// Columns of windows back to an image, overlapping places added: the gradient of taking windows.
  private static func columnsToImage(_ context: OperatorContext) throws -> Tensor {
    let x = try context.tensor(0)
    let (image, block) = (try context.integers(1), try context.integers(2))
    guard x.rank == 3, image.count == 2, block.count == 2, (image + block).allSatisfy({ $0 >= 1 && $0 < 1 << 24 }),
      x.shape[1] % (block[0] * block[1]) == 0
    else { throw OperatorError("is supported for images of two axes, not \(image)") }
    let moves = try WindowMoves(context, kernel: block, spatial: image)
    let geometry = moves.flat()
    let windows = geometry.outputSize(of: Size2D(image[0], image[1]), kernel: Size2D(block[0], block[1]))
    let channels = x.shape[1] / (block[0] * block[1])
    guard windows.height * windows.width == x.shape[2] else {
      throw OperatorError("has \(x.shape[2]) columns for \(windows) windows")
    }
    // Each place of the block is a channel whose kernel has a single 1.
    let area = block[0] * block[1]
    let kernel = Tensor.eye(area, dtype: x.dtype).reshaped(to: [area, 1, block[0], block[1]] as Shape)
    let columns = x.reshaped(to: [x.shape[0] * channels, area, windows.height, windows.width] as Shape)
    let shape: Shape = [x.shape[0] * channels, 1, image[0], image[1]]
    let back = Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: shape), [columns, kernel])
    return back.reshaped(to: [x.shape[0], channels, image[0], image[1]] as Shape)
  }
}
