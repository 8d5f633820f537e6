/// How the window of a 2-D convolution moves over an image; checked once, then passed around whole.
///
/// The output extent along an axis is `(in + paddingLow + paddingHigh - dilation * (kernel - 1) - 1) / stride + 1`,
/// rounded down.
public struct ConvolutionGeometry: Sendable, Hashable, CustomStringConvertible {
  /// Distance between neighbouring windows.
  public var stride: Size2D
  /// Zeros added above and to the left.
  public var paddingLow: Size2D
  /// Zeros added below and to the right.
  public var paddingHigh: Size2D
  /// Distance between neighbouring elements of a window.
  public var dilation: Size2D
  /// Groups of channels that do not see each other.
  public var groups: Int

  /// A geometry; by default windows at every place inside the image.
  public init(
    stride: Size2D = 1, paddingLow: Size2D = 0, paddingHigh: Size2D? = nil, dilation: Size2D = 1,
    groups: Int = 1
  ) {
    self.stride = stride
    self.paddingLow = paddingLow
    self.paddingHigh = paddingHigh ?? paddingLow
    self.dilation = dilation
    self.groups = groups
  }

  /// What is wrong with the numbers themselves, or nil.
  var problem: String? {
    if stride.height < 1 || stride.width < 1 { return "the stride \(stride) must be at least 1" }
    if dilation.height < 1 || dilation.width < 1 { return "the dilation \(dilation) must be at least 1" }
    if groups < 1 { return "there must be at least one group, got \(groups)" }
    if min(paddingLow.height, paddingLow.width, paddingHigh.height, paddingHigh.width) < 0 {
      return "padding cannot be negative"
    }
    return nil
  }

  /// The output extents for an image and a kernel; not positive when the window does not fit.
  public func outputSize(of image: Size2D, kernel: Size2D) -> Size2D {
    Size2D(
      Self.extent(
        image.height + paddingLow.height + paddingHigh.height, kernel.height, stride.height, dilation.height),
      Self.extent(image.width + paddingLow.width + paddingHigh.width, kernel.width, stride.width, dilation.width))
  }

  static func extent(_ padded: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    let room = padded - dilation * (kernel - 1) - 1
    return room < 0 ? 0 : room / stride + 1
  }

  func encode(into key: inout PlanKey) {
    for pair in [stride, paddingLow, paddingHigh, dilation] {
      key.add(pair.height)
      key.add(pair.width)
    }
    key.add(groups)
  }

  /// For example `stride 1x1 padding 2x2/2x2 dilation 1x1 groups 1`.
  public var description: String {
    "stride \(stride) padding \(paddingLow)/\(paddingHigh) dilation \(dilation) groups \(groups)"
  }
}
