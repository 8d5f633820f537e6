// Pooling of images [N, C, H, W].

extension Tensor {
  /// The largest element of each window of `[N, C, H, W]`; the window and its stride are `size` by default.
  ///
  /// The gradient goes to the first largest element of a window. NaN is the largest.
  ///
  /// ```swift
  /// let h = relu(conv1(x)).maxPooled(2)
  /// ```
  public func maxPooled(
    _ size: Size2D, stride: Size2D? = nil, padding: Size2D = 0, dilation: Size2D = 1, usesCeiling: Bool = false
  ) -> Tensor {
    maxPooled(
      PoolGeometry(kernel: size, stride: stride, paddingLow: padding, dilation: dilation, usesCeiling: usesCeiling))
  }

  /// The largest element of each window of `[N, C, H, W]`.
  public func maxPooled(_ geometry: PoolGeometry) -> Tensor { Tensor.recordAll(MaxPool(geometry: geometry), [self])[0] }

  /// The mean of each window of `[N, C, H, W]`; the window and its stride are `size` by default.
  ///
  /// - Parameter countsPadding: whether padding counts as zeros; otherwise only the pixels of the image count.
  public func averagePooled(
    _ size: Size2D, stride: Size2D? = nil, padding: Size2D = 0, usesCeiling: Bool = false, countsPadding: Bool = true
  ) -> Tensor {
    averagePooled(
      PoolGeometry(kernel: size, stride: stride, paddingLow: padding, usesCeiling: usesCeiling),
      countsPadding: countsPadding)
  }

  /// The mean of each window of `[N, C, H, W]`.
  public func averagePooled(_ geometry: PoolGeometry, countsPadding: Bool = true) -> Tensor {
    Tensor.record(AveragePool(geometry: geometry, countsPadding: countsPadding), [self])
  }

  /// The mean of each image plane: `[N, C, H, W]` becomes `[N, C]`.
  public func globallyAveragePooled() -> Tensor {
    guard let geometry = wholePlane("globallyAveragePooled()") else { return self }
    let size = geometry.kernel
    // A window's sum is taken in one piece: large planes row by row, so that f32 stays exact.
    let means =
      size.area <= 4096
      ? averagePooled(geometry) : averagePooled(Size2D(1, size.width)).averagePooled(Size2D(size.height, 1))
    return means.reshaped(to: Shape(shape.prefix(2)))
  }

  /// The largest element of each image plane: `[N, C, H, W]` becomes `[N, C]`; the gradient goes to the first largest.
  public func globallyMaxPooled() -> Tensor {
    guard let geometry = wholePlane("globallyMaxPooled()") else { return self }
    return maxPooled(geometry).reshaped(to: Shape(shape.prefix(2)))
  }

  /// One window over the whole plane: a pooling, unlike a reduction, leaves the images in channel blocks.
  private func wholePlane(_ function: String) -> PoolGeometry? {
    guard rank == 4, dtype.isFloatingPoint, shape[2] > 0, shape[3] > 0 else {
      let problem = "\(function) takes floating-point images [N, C, H, W] of at least one pixel, got \(type)"
      _ = Diagnostics.fail(ShapeError(problem), like: type)
      return nil
    }
    return PoolGeometry(kernel: Size2D(shape[2], shape[3]))
  }
}
