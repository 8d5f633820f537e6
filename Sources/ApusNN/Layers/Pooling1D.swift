import ApusTensor

/// The largest element of each window of a sequence; the gradient goes to the first largest. It is ``MaxPool2D`` on
/// images of one row.
///
/// Shapes: `[N, C, L]` gives `[N, C, L']` with `L' = (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded
/// down, or up in ceil mode. No parameters.
///
/// ```swift
/// let shorter = MaxPool1D(2)(h)     // [16, 32, 400] -> [16, 32, 200]
/// ```
public struct MaxPool1D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// Length of the window.
  public let kernel: Int
  /// Distance between neighbouring windows.
  public let stride: Int
  /// How far windows reach over both ends.
  public let padding: Padding
  /// Distance between neighbouring elements of a window.
  public let dilation: Int
  /// Whether the last, incomplete windows count.
  public let usesCeiling: Bool

  /// A pooling; the stride is the kernel by default, so that windows do not overlap.
  public init(
    _ kernel: Int, stride: Int? = nil, padding: Padding = .valid, dilation: Int = 1, usesCeiling: Bool = false
  ) {
    (self.kernel, self.stride, self.padding) = (kernel, stride ?? kernel, padding)
    (self.dilation, self.usesCeiling) = (dilation, usesCeiling)
  }

  /// The pooled sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard LayerCheck.sequences(x, description) else { return x }
    let pool = MaxPool2D(
      Size2D(1, kernel), stride: Size2D(1, stride), padding: padding.ofRow(description),
      dilation: Size2D(1, dilation), usesCeiling: usesCeiling)
    return x.asRows { pool($0) }
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    let pool = Pool2D(kernel: Size2D(kernel), stride: Size2D(stride), padding: padding, usesCeiling: usesCeiling)
    return "MaxPool1D(\(pool.arguments(dilation: Size2D(dilation))))"
  }
}

/// The mean of each window of a sequence: ``AveragePool2D`` on images of one row.
///
/// Shapes as of ``MaxPool1D``. No parameters.
///
/// ```swift
/// let shorter = AveragePool1D(2)(h)     // [16, 32, 400] -> [16, 32, 200]
/// ```
public struct AveragePool1D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// Length of the window.
  public let kernel: Int
  /// Distance between neighbouring windows.
  public let stride: Int
  /// How far windows reach over both ends.
  public let padding: Padding
  /// Whether the last, incomplete windows count.
  public let usesCeiling: Bool
  /// Whether the zeros of the padding count as elements of a window, as in PyTorch; Keras does not count them.
  public let countsPadding: Bool

  /// A pooling; the stride is the kernel by default, so that windows do not overlap.
  public init(
    _ kernel: Int, stride: Int? = nil, padding: Padding = .valid, usesCeiling: Bool = false,
    countsPadding: Bool = true
  ) {
    (self.kernel, self.stride, self.padding) = (kernel, stride ?? kernel, padding)
    (self.usesCeiling, self.countsPadding) = (usesCeiling, countsPadding)
  }

  /// The pooled sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard LayerCheck.sequences(x, description) else { return x }
    let pool = AveragePool2D(
      Size2D(1, kernel), stride: Size2D(1, stride), padding: padding.ofRow(description), usesCeiling: usesCeiling,
      countsPadding: countsPadding)
    return x.asRows { pool($0) }
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    let pool = Pool2D(kernel: Size2D(kernel), stride: Size2D(stride), padding: padding, usesCeiling: usesCeiling)
    return "AveragePool1D(\(pool.arguments())\(countsPadding ? "" : ", countsPadding: false"))"
  }
}

/// The mean of windows that share a sequence out, so that sequences of any length give results of one length:
/// ``AdaptiveAveragePool2D`` on images of one row.
///
/// Shapes: `[N, C, L]` gives `[N, C, length]`. No parameters.
///
/// ```swift
/// let features = AdaptiveAveragePool1D(10)(h)     // [16, 32, 403] -> [16, 32, 10]
/// ```
public struct AdaptiveAveragePool1D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// Length of the result.
  public let length: Int

  /// A pooling to sequences of a length.
  public init(_ length: Int) {
    self.length = LayerCheck.positive("AdaptiveAveragePool1D(\(length))", length) ? length : 1
  }

  /// The pooled sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard LayerCheck.sequences(x, description) else { return x }
    return x.asRows { $0.adaptivelyAveragePooled(to: Size2D(1, length)) }
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "AdaptiveAveragePool1D(\(length))" }
}

/// The largest element of windows that share a sequence out: ``AdaptiveMaxPool2D`` on images of one row.
///
/// Shapes: `[N, C, L]` gives `[N, C, length]`; the gradient goes to the first largest. No parameters.
///
/// ```swift
/// let features = AdaptiveMaxPool1D(10)(h)     // [16, 32, 403] -> [16, 32, 10]
/// ```
public struct AdaptiveMaxPool1D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// Length of the result.
  public let length: Int

  /// A pooling to sequences of a length.
  public init(_ length: Int) {
    self.length = LayerCheck.positive("AdaptiveMaxPool1D(\(length))", length) ? length : 1
  }

  /// The pooled sequences.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard LayerCheck.sequences(x, description) else { return x }
    return x.asRows { $0.adaptivelyMaxPooled(to: Size2D(1, length)) }
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "AdaptiveMaxPool1D(\(length))" }
}

/// The mean of each channel of a sequence; Keras's `GlobalAveragePooling1D`.
///
/// Shapes: `[N, C, L]` gives `[N, C]`. No parameters.
///
/// ```swift
/// let scores = classifier(GlobalAveragePool1D()(h))     // [16, 32, 400] -> [16, 32]
/// ```
public struct GlobalAveragePool1D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// A pooling over all positions.
  public init() {}

  /// The mean of each channel.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    LayerCheck.sequences(x, description) ? x.expandingShape(at: 2).globallyAveragePooled() : x
  }

  /// The code that builds the layer.
  public var description: String { "GlobalAveragePool1D()" }
}

/// The largest element of each channel of a sequence; Keras's `GlobalMaxPooling1D`.
///
/// Shapes: `[N, C, L]` gives `[N, C]`; the gradient goes to the first largest. No parameters.
///
/// ```swift
/// let found = GlobalMaxPool1D()(h)     // [16, 32, 400] -> [16, 32]
/// ```
public struct GlobalMaxPool1D: Layer, Hashable, Sendable, CustomStringConvertible {
  /// A pooling over all positions.
  public init() {}

  /// The largest of each channel.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    LayerCheck.sequences(x, description) ? x.expandingShape(at: 2).globallyMaxPooled() : x
  }

  /// The code that builds the layer.
  public var description: String { "GlobalMaxPool1D()" }
}
