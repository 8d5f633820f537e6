import ApusTensor

/// Batches of sequences of about the same length, so that little of a batch is padding, in a bounded number of lengths, so
/// that few plans are compiled.
enum LengthBuckets {
  /// How many lengths batches have at most.
  static let count = 8
  /// Batches that are sorted by length together.
  private static let batchesSorted = 32

  /// The length of a batch whose longest sequence has so many steps, of sequences padded to `width`.
  static func length(_ longest: Int, width: Int) -> Int {
    let step = max((width + count - 1) / count, 1)
    return min(max((longest + step - 1) / step, 1) * step, width)
  }

  /// An order of samples in which neighbours have similar lengths: parts of a random order, each sorted by length, their
  /// batches in random order. A function of the order alone.
  static func sorted(_ order: [UInt32], lengths: [Int32], batchSize: Int, seed: UInt64, epoch: Int) -> [UInt32] {
    var generator = PhiloxGenerator(seed: seed, stream: 7 << 60 | UInt64(epoch))
    var result: [UInt32] = []
    result.reserveCapacity(order.count)
    for start in stride(from: 0, to: order.count, by: batchSize * batchesSorted) {
      let part = order[start..<min(start + batchSize * batchesSorted, order.count)]
      let sorted = part.enumerated().sorted {
        (lengths[Int($0.element)], $0.offset) < (lengths[Int($1.element)], $1.offset)
      }.map(\.element)
      // A batch with fewer samples stays the last.
      let whole = sorted.count / batchSize
      for batch in generator.permutation(of: whole) {
        result += sorted[Int(batch) * batchSize..<(Int(batch) + 1) * batchSize]
      }
      result += sorted[(whole * batchSize)...]
    }
    return result
  }
}

extension HostArray {
  /// The first columns of `[..., T]`.
  func firstColumns(_ count: Int) -> HostArray {
    let (width, size) = (shape[shape.rank - 1], dtype.byteCount)
    let rows = shape.elementCount / max(width, 1)
    guard count < width else { return self }
    return withUnsafeBytes { source in
      HostArray(type: TensorType(Shape(Array(shape.dropLast()) + [count]), dtype)) { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for row in 0..<rows {
          (to + row * count * size).copyMemory(from: from + row * width * size, byteCount: count * size)
        }
      }
    }
  }
}
