extension Tensor {
  /// Images `[N, C, H, W]` of another size, as PyTorch's `interpolate` with `size`.
  ///
  /// Every pixel of the result has a place in the image: row `i` of `H'` lies at `i H / H'`, rounded down, for the
  /// nearest pixel, at `(i + 0.5) H / H' - 0.5` for bilinear interpolation, and at `i (H - 1) / (H' - 1)` with aligned
  /// corners. The gradient of a pixel is shared out between those it was computed from.
  ///
  /// ```swift
  /// let masks = scores.resized(to: Size2D(224, 224), .bilinear)     // [8, 2, 56, 56] -> [8, 2, 224, 224]
  /// ```
  public func resized(to size: Size2D, _ interpolation: Interpolation = .nearest) -> Tensor {
    guard checkResizing("resized(to: \(size))") else { return self }
    guard size.isAtLeast(1) else {
      return Diagnostics.fail(ShapeError("resized(to: \(size)): every extent must be at least 1"), like: type)
    }
    return resampled(
      rows: ResampleAxis(extent: shape[2], count: size.height),
      columns: ResampleAxis(extent: shape[3], count: size.width), interpolation)
  }

  /// Images `[N, C, H, W]` with height and width multiplied by factors and rounded down, as PyTorch's `interpolate` with
  /// `scale_factor`: places in the image are those of the factors, also where the size was rounded.
  ///
  /// ```swift
  /// let larger = h.resized(by: 2, 2)     // [8, 64, 28, 28] -> [8, 64, 56, 56]
  /// ```
  public func resized(by height: Double, _ width: Double, _ interpolation: Interpolation = .nearest) -> Tensor {
    let function = "resized(by: \(height), \(width))"
    guard checkResizing(function) else { return self }
    func axis(_ extent: Int, _ factor: Double) -> ResampleAxis? {
      let exact = Double(extent) * factor
      guard factor > 0, exact >= 1, exact < 0x1p31 else { return nil }
      // Where the size is exact the places are quotients of whole numbers, without rounding.
      return ResampleAxis(extent: extent, count: Int(exact), ratio: exact == exact.rounded() ? nil : 1 / factor)
    }
    guard let rows = axis(shape[2], height), let columns = axis(shape[3], width) else {
      let problem = "\(function) of \(type): the factors must be positive numbers that leave at least one pixel"
      return Diagnostics.fail(ShapeError(problem), like: type)
    }
    return resampled(rows: rows, columns: columns, interpolation)
  }

  private func resampled(rows: ResampleAxis, columns: ResampleAxis, _ interpolation: Interpolation) -> Tensor {
    let isSame = rows.extent == rows.count && columns.extent == columns.count
    if isSame, rows.ratio == nil, columns.ratio == nil { return self }
    let geometry = ResampleGeometry(rows: rows, columns: columns, interpolation: interpolation)
    return Tensor.record(Resample(geometry: geometry), [self])
  }

  private func checkResizing(_ function: String) -> Bool {
    if rank == 4, dtype.isFloatingPoint, shape[2] > 0, shape[3] > 0 { return true }
    let problem = "\(function) takes floating-point images [N, C, H, W] of at least one pixel, got \(type)"
    _ = Diagnostics.fail(ShapeError(problem), like: type)
    return false
  }
}
