/// How the window of a 2-D pooling moves over an image.
///
/// In ceil mode the last, incomplete windows count too, as in PyTorch: the padding below and to the right grows until
/// they fit, but a window must start inside the image or the padding above and to the left.
public struct PoolGeometry: Sendable, Hashable, CustomStringConvertible {
  /// Extents of the window.
  public var kernel: Size2D
  /// Distance between neighbouring windows.
  public var stride: Size2D
  /// Added above and to the left.
  public var paddingLow: Size2D
  /// Added below and to the right.
  public var paddingHigh: Size2D
  /// Distance between neighbouring elements of a window.
  public var dilation: Size2D
  /// Whether incomplete windows at the end count.
  public var usesCeiling: Bool

  /// A geometry; the stride is the kernel by default, so that windows do not overlap.
  public init(
    kernel: Size2D, stride: Size2D? = nil, paddingLow: Size2D = 0, paddingHigh: Size2D? = nil,
    dilation: Size2D = 1, usesCeiling: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.paddingLow = paddingLow
    self.paddingHigh = paddingHigh ?? paddingLow
    self.dilation = dilation
    self.usesCeiling = usesCeiling
  }

  var problem: String? {
    if kernel.height < 1 || kernel.width < 1 { return "the window \(kernel) must be at least 1" }
    if stride.height < 1 || stride.width < 1 { return "the stride \(stride) must be at least 1" }
    if dilation.height < 1 || dilation.width < 1 { return "the dilation \(dilation) must be at least 1" }
    if min(paddingLow.height, paddingLow.width, paddingHigh.height, paddingHigh.width) < 0 {
      return "padding cannot be negative"
    }
    if paddingLow.height * 2 > kernel.height || paddingLow.width * 2 > kernel.width {
      return "padding \(paddingLow) is more than half the window \(kernel)"
    }
    return nil
  }

  /// The output extents for an image.
  public func outputSize(of image: Size2D) -> Size2D {
    func extent(_ size: Int, _ kernel: Int, _ stride: Int, _ low: Int, _ high: Int, _ dilation: Int) -> Int {
      let room = size + low + high - dilation * (kernel - 1) - 1
      guard room >= 0 else { return 0 }
      guard usesCeiling else { return room / stride + 1 }
      let count = (room + stride - 1) / stride + 1
      return (count - 1) * stride >= size + low ? count - 1 : count
    }
    return Size2D(
      extent(image.height, kernel.height, stride.height, paddingLow.height, paddingHigh.height, dilation.height),
      extent(image.width, kernel.width, stride.width, paddingLow.width, paddingHigh.width, dilation.width))
  }

  func encode(into key: inout PlanKey) {
    for pair in [kernel, stride, paddingLow, paddingHigh, dilation] {
      key.add(pair.height)
      key.add(pair.width)
    }
    key.add(usesCeiling)
  }

  /// For example `window 2x2 stride 2x2 padding 0x0/0x0 dilation 1x1`.
  public var description: String {
    "window \(kernel) stride \(stride) padding \(paddingLow)/\(paddingHigh) dilation \(dilation)"
      + (usesCeiling ? " ceiling" : "")
  }

  /// Shape of the result of pooling `type`, or what is wrong.
  func outputType(of type: TensorType) throws(ShapeError) -> TensorType {
    if let problem { throw ShapeError(problem) }
    guard type.shape.rank == 4, type.dtype.isFloatingPoint else {
      throw ShapeError("needs floating-point images [N, C, H, W], got \(type)")
    }
    let size = outputSize(of: Size2D(type.shape[2], type.shape[3]))
    guard size.height > 0, size.width > 0 else {
      throw ShapeError("the window \(kernel) does not fit into images of \(type.shape[2])x\(type.shape[3])")
    }
    return TensorType([type.shape[0], type.shape[1], size.height, size.width], type.dtype)
  }
}
