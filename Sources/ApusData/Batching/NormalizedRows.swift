import ApusTensor

extension HostArray {
  /// The rows (entries along the first axis) with the given indices, normalised, in f32: gathering, conversion and
  /// arithmetic in one pass.
  ///
  /// - Precondition: the normalization fits the rows, the indices lie in the array.
  func normalizedRows(_ indices: some RandomAccessCollection<UInt32>, _ normalization: Normalization) -> HostArray {
    var shape = shape
    let rows = shape[0]
    let layout = GroupLayout(Shape(shape.dropFirst()), normalization.grouping)
    precondition(
      layout.groups == normalization.mean.count,
      "a normalization with \(normalization.mean.count) groups does not fit samples of shape \(shape.dropFirst())")
    shape[0] = indices.count
    let inverse = normalization.deviation.map { 1 / $0 }
    let kernel = RowNormalizer(layout: layout, scale: normalization.scale)
    return HostArray(type: TensorType(shape, .float32)) { output in
      withUnsafeBytes { input in
        normalization.mean.withUnsafeBufferPointer { mean in
          inverse.withUnsafeBufferPointer { inverse in
            let target = output.bindMemory(to: Float.self)
            let rowLength = layout.outer * layout.groups * layout.inner
            guard let to = target.baseAddress, let mean = mean.baseAddress, let inverse = inverse.baseAddress,
              rowLength > 0
            else { return }
            for (position, index) in indices.enumerated() {
              precondition(index < rows, "sample \(index) is outside 0..<\(rows)")
              let start = Int(index) * rowLength * dtype.byteCount
              let row = UnsafeRawBufferPointer(rebasing: input[start..<start + rowLength * dtype.byteCount])
              kernel.apply(row, dtype, mean, inverse, to + position * rowLength)
            }
          }
        }
      }
    }
  }
}

/// `(x * scale - mean) * inverse` over one row.
private struct RowNormalizer {
  let layout: GroupLayout
  let scale: Float

  func apply(
    _ row: UnsafeRawBufferPointer, _ dtype: DType, _ mean: UnsafePointer<Float>, _ inverse: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>
  ) {
    guard let source = row.baseAddress else { return }
    switch dtype {
    case .uint8: run(source.assumingMemoryBound(to: UInt8.self), mean, inverse, target) { Float($0) }
    case .float32: run(source.assumingMemoryBound(to: Float.self), mean, inverse, target) { $0 }
    case .bool: run(source.assumingMemoryBound(to: Bool.self), mean, inverse, target) { $0 ? 1 : 0 }
    // Subtracting the mean in f64: large values with small differences (dates, say) keep their differences.
    case .float64: runWide(source.assumingMemoryBound(to: Double.self), mean, inverse, target) { $0 }
    case .int32: runWide(source.assumingMemoryBound(to: Int32.self), mean, inverse, target) { Double($0) }
    case .int64: runWide(source.assumingMemoryBound(to: Int64.self), mean, inverse, target) { Double($0) }
    }
  }

  @inline(__always)
  private func run<Scalar>(
    _ source: UnsafePointer<Scalar>, _ mean: UnsafePointer<Float>, _ inverse: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>, _ float: (Scalar) -> Float
  ) {
    let (groups, inner) = (layout.groups, layout.inner)
    if inner == 1 {
      for run in 0..<layout.outer {
        let (from, to) = (source + run * groups, target + run * groups)
        for group in 0..<groups { to[group] = (float(from[group]) * scale - mean[group]) * inverse[group] }
      }
      return
    }
    for group in 0..<groups {
      let (from, to) = (source + group * inner, target + group * inner)
      let (m, d) = (mean[group], inverse[group])
      for index in 0..<inner { to[index] = (float(from[index]) * scale - m) * d }
    }
  }

  @inline(__always)
  private func runWide<Scalar>(
    _ source: UnsafePointer<Scalar>, _ mean: UnsafePointer<Float>, _ inverse: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>, _ double: (Scalar) -> Double
  ) {
    var position = 0
    for _ in 0..<layout.outer {
      for group in 0..<layout.groups {
        let (m, d) = (Double(mean[group]), Double(inverse[group]))
        for _ in 0..<layout.inner {
          target[position] = Float((double(source[position]) * Double(scale) - m) * d)
          position += 1
        }
      }
    }
  }
}
