import ApusTensor

/// The largest element of each window of an image; the gradient goes to the first largest.
///
/// Shapes: `[N, C, H, W]` gives `[N, C, H', W']` with `H' = (H + 2 padding - kernel) / stride + 1`, rounded down, or up
/// in ceil mode. No parameters.
///
/// ```swift
/// let smaller = MaxPool2D(2)(maps)     // [128, 6, 28, 28] -> [128, 6, 14, 14]
/// ```
public struct MaxPool2D: Layer, CustomStringConvertible {
  /// How the window moves.
  public let pool: Pool2D
  /// Distance between neighbouring elements of a window.
  public let dilation: Size2D

  /// A pooling; the stride is the kernel by default, so that windows do not overlap.
  public init(
    _ kernel: Size2D, stride: Size2D? = nil, padding: Padding = .valid, dilation: Size2D = 1, usesCeiling: Bool = false
  ) {
    pool = Pool2D(kernel: kernel, stride: stride ?? kernel, padding: padding, usesCeiling: usesCeiling)
    self.dilation = dilation
  }

  /// The pooled images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let geometry = pool.geometry(x, description, dilation: dilation) else { return x }
    return x.maxPooled(geometry)
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    "MaxPool2D(\(pool.arguments(dilation: dilation)))"
  }
}

/// The mean of each window of an image.
///
/// Shapes as of ``MaxPool2D``. No parameters.
///
/// ```swift
/// let smaller = AveragePool2D(2)(maps)     // [128, 6, 28, 28] -> [128, 6, 14, 14]
/// ```
public struct AveragePool2D: Layer, CustomStringConvertible {
  /// How the window moves.
  public let pool: Pool2D
  /// Whether the zeros of the padding count as elements of a window, as in PyTorch; Keras does not count them.
  public let countsPadding: Bool

  /// A pooling; the stride is the kernel by default, so that windows do not overlap.
  public init(
    _ kernel: Size2D, stride: Size2D? = nil, padding: Padding = .valid, usesCeiling: Bool = false,
    countsPadding: Bool = true
  ) {
    pool = Pool2D(kernel: kernel, stride: stride ?? kernel, padding: padding, usesCeiling: usesCeiling)
    self.countsPadding = countsPadding
  }

  /// The pooled images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let geometry = pool.geometry(x, description, dilation: 1) else { return x }
    return x.averagePooled(geometry, countsPadding: countsPadding)
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    "AveragePool2D(\(pool.arguments())\(countsPadding ? "" : ", countsPadding: false"))"
  }
}

/// The window of a pooling layer.
public struct Pool2D: Sendable, Hashable {
  /// Extents of the window.
  public let kernel: Size2D
  /// Distance between neighbouring windows.
  public let stride: Size2D
  /// How far windows reach over the border.
  public let padding: Padding
  /// Whether the last, incomplete windows count.
  public let usesCeiling: Bool

  func geometry(_ x: Tensor, _ layer: String, dilation: Size2D) -> PoolGeometry? {
    guard x.rank == 4 else {
      _ = LayerCheck.fail("\(layer): the input is \(x.shape), it must be images [N, C, H, W]", x.type)
      return nil
    }
    let (low, high) = padding.resolved(
      image: Size2D(x.shape[2], x.shape[3]), kernel: kernel, stride: stride, dilation: dilation)
    return PoolGeometry(
      kernel: kernel, stride: stride, paddingLow: low, paddingHigh: high, dilation: dilation, usesCeiling: usesCeiling)
  }

  func arguments(dilation: Size2D = 1) -> String {
    var text = kernel.code
    if stride != kernel { text += ", stride: \(stride.code)" }
    if padding != .valid { text += ", padding: \(padding)" }
    if dilation != 1 { text += ", dilation: \(dilation.code)" }
    return text + (usesCeiling ? ", usesCeiling: true" : "")
  }
}
