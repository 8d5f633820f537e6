/// Where the windows of an adaptive pooling lie along one axis, by PyTorch's rule: of `count` windows over `extent`
/// elements, window `i` holds elements `floor(i extent / count)` up to, but not including,
/// `ceil((i + 1) extent / count)`. Neighbours overlap where `count` does not divide `extent`.
struct AdaptiveWindows {
  let starts: [Int]
  let sizes: [Int]
  /// The elements of the axis.
  let extent: Int

  init(extent: Int, count: Int) {
    self.extent = extent
    starts = (0..<count).map { $0 * extent / count }
    let ends = (0..<count).map { (($0 + 1) * extent + count - 1) / count }
    sizes = zip(starts, ends).map { $1 - $0 }
  }

  /// The window and its stride, when all windows have one size and one distance.
  var regular: (kernel: Int, stride: Int)? {
    let stride = starts.count > 1 ? starts[1] : sizes[0]
    guard stride > 0, sizes.allSatisfy({ $0 == sizes[0] }) else { return nil }
    guard starts.indices.allSatisfy({ starts[$0] == $0 * stride }) else { return nil }
    return (sizes[0], stride)
  }

  /// The size of the largest window.
  var largest: Int { sizes.max() ?? 1 }

  /// The elements of every window one after the other, each window filled up to the largest.
  func positions(filler: (_ window: Int) -> Int) -> Tensor {
    Tensor(
      starts.indices.flatMap { window in
        (0..<largest).map { Int64($0 < sizes[window] ? starts[window] + $0 : filler(window)) }
      })
  }
}

extension Tensor {
  /// The mean of windows that share the image out: `[N, C, H, W]` becomes `[N, C, H', W']` whatever H and W are, as
  /// PyTorch's `AdaptiveAvgPool2d`.
  ///
  /// Row `i` of the result is over the rows from `floor(i H / H')` up to, but not including, `ceil((i + 1) H / H')`;
  /// columns likewise.
  ///
  /// ```swift
  /// let features = h.adaptivelyAveragePooled(to: 6)     // [8, 256, 13, 9] -> [8, 256, 6, 6]
  /// ```
  public func adaptivelyAveragePooled(to size: Size2D) -> Tensor {
    guard checkAdaptive("adaptivelyAveragePooled", size) else { return self }
    let rows = AdaptiveWindows(extent: shape[2], count: size.height)
    let columns = AdaptiveWindows(extent: shape[3], count: size.width)
    // Windows that are too small are filled up with zeros, which lie behind the image.
    let (images, geometry) = spread(rows, columns) { image, axis, windows in
      var after = [0, 0, 0, 0]
      after[axis] = 1
      return image.padded(before: [0, 0, 0, 0], after: after)
        .gathered(at: windows.positions { _ in windows.extent }, axis: axis)
    }
    let means = Self.isIdentity(geometry) ? images : images.averagePooled(geometry)
    let area = geometry.kernel.area
    let factors = rows.sizes.flatMap { height in columns.sizes.map { Double(area) / Double(height * $0) } }
    if factors.allSatisfy({ $0 == 1 }) || (rows.regular != nil && columns.regular != nil) { return means }
    return means * Tensor(factors, shape: [size.height, size.width]).cast(to: dtype)
  }

  /// The largest element of windows that share the image out, as PyTorch's `AdaptiveMaxPool2d`; the windows are those
  /// of ``adaptivelyAveragePooled(to:)``, and the gradient goes to the first largest element of each.
  public func adaptivelyMaxPooled(to size: Size2D) -> Tensor {
    guard checkAdaptive("adaptivelyMaxPooled", size) else { return self }
    let rows = AdaptiveWindows(extent: shape[2], count: size.height)
    let columns = AdaptiveWindows(extent: shape[3], count: size.width)
    // Repeating the last element of a window changes neither the largest nor which is first.
    let (images, geometry) = spread(rows, columns) { image, axis, windows in
      image.gathered(at: windows.positions { windows.starts[$0] + windows.sizes[$0] - 1 }, axis: axis)
    }
    return Self.isIdentity(geometry) ? images : images.maxPooled(geometry)
  }

  /// The images with the windows of an irregular axis side by side, and the regular windows that remain.
  private func spread(
    _ rows: AdaptiveWindows, _ columns: AdaptiveWindows,
    _ side: (_ image: Tensor, _ axis: Int, _ windows: AdaptiveWindows) -> Tensor
  ) -> (images: Tensor, geometry: PoolGeometry) {
    var images = self
    if rows.regular == nil { images = side(images, 2, rows) }
    if columns.regular == nil { images = side(images, 3, columns) }
    let height = rows.regular ?? (rows.largest, rows.largest)
    let width = columns.regular ?? (columns.largest, columns.largest)
    return (
      images, PoolGeometry(kernel: Size2D(height.kernel, width.kernel), stride: Size2D(height.stride, width.stride))
    )
  }

  /// Whether every window is one pixel: images that have the size asked for already.
  private static func isIdentity(_ geometry: PoolGeometry) -> Bool { geometry.kernel == 1 && geometry.stride == 1 }

  private func checkAdaptive(_ function: String, _ size: Size2D) -> Bool {
    var problem: String?
    if rank != 4 || !dtype.isFloatingPoint || shape[2] == 0 || shape[3] == 0 {
      problem = "takes floating-point images [N, C, H, W] of at least one pixel"
    } else if !size.isAtLeast(1) {
      problem = "every extent of the result must be at least 1"
    }
    guard let problem else { return true }
    _ = Diagnostics.fail(ShapeError("\(function)(to: \(size)) of \(type): \(problem)"), like: type)
    return false
  }
}
