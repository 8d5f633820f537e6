import ApusTensor

/// The mean of windows that share an image out, so that images of any size give results of one size; PyTorch's
/// `AdaptiveAvgPool2d`.
///
/// Shapes: `[N, C, H, W]` gives `[N, C, height, width]`. Row `i` is over the rows from `floor(i H / height)` up to, but
/// not including, `ceil((i + 1) H / height)`. No parameters.
///
/// ```swift
/// let features = AdaptiveAveragePool2D(6)(maps)     // [8, 256, 13, 9] -> [8, 256, 6, 6]
/// ```
public struct AdaptiveAveragePool2D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// Height and width of the result.
  public let size: Size2D

  /// A pooling to images of a size.
  public init(_ size: Size2D) {
    self.size = LayerCheck.positive("AdaptiveAveragePool2D(\(size.code))", size.height, size.width) ? size : 1
  }

  /// The pooled images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    LayerCheck.images(x, description) ? x.adaptivelyAveragePooled(to: size) : x
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "AdaptiveAveragePool2D(\(size.code))" }
}

/// The largest element of windows that share an image out; PyTorch's `AdaptiveMaxPool2d`.
///
/// Shapes and windows as of ``AdaptiveAveragePool2D``; the gradient goes to the first largest. No parameters.
///
/// ```swift
/// let features = AdaptiveMaxPool2D(Size2D(4, 2))(maps)     // [8, 256, 13, 9] -> [8, 256, 4, 2]
/// ```
public struct AdaptiveMaxPool2D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// Height and width of the result.
  public let size: Size2D

  /// A pooling to images of a size.
  public init(_ size: Size2D) {
    self.size = LayerCheck.positive("AdaptiveMaxPool2D(\(size.code))", size.height, size.width) ? size : 1
  }

  /// The pooled images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    LayerCheck.images(x, description) ? x.adaptivelyMaxPooled(to: size) : x
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "AdaptiveMaxPool2D(\(size.code))" }
}

/// The mean of each image plane (Lin, Chen, Yan, 2013); Keras's `GlobalAveragePooling2D`.
///
/// Shapes: `[N, C, H, W]` gives `[N, C]`. No parameters.
///
/// ```swift
/// let scores = classifier(GlobalAveragePool2D()(maps))     // [8, 512, 7, 7] -> [8, 512]
/// ```
public struct GlobalAveragePool2D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// A pooling over all positions.
  public init() {}

  /// The mean of each plane.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    LayerCheck.images(x, description) ? x.globallyAveragePooled() : x
  }

  /// The code that builds the layer.
  public var description: String { "GlobalAveragePool2D()" }
}

/// The largest element of each image plane; Keras's `GlobalMaxPooling2D`.
///
/// Shapes: `[N, C, H, W]` gives `[N, C]`; the gradient goes to the first largest. No parameters.
///
/// ```swift
/// let found = GlobalMaxPool2D()(maps)     // [8, 512, 7, 7] -> [8, 512]
/// ```
public struct GlobalMaxPool2D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// A pooling over all positions.
  public init() {}

  /// The largest of each plane.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    LayerCheck.images(x, description) ? x.globallyMaxPooled() : x
  }

  /// The code that builds the layer.
  public var description: String { "GlobalMaxPool2D()" }
}
