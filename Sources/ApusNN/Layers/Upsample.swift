import ApusTensor

/// Images of another size, mostly larger, by the nearest pixel or bilinear interpolation; PyTorch's `Upsample`.
///
/// Shapes: `[N, C, H, W]` gives `[N, C, H', W']`, where the size is given or is `H scale` and `W scale`, rounded down. No
/// parameters.
///
/// ```swift
/// let larger = Upsample(by: 2)(maps)                                                  // [8, 64, 28, 28] -> [8, 64, 56, 56]
/// let whole = Upsample(to: 224, .bilinear(alignsCorners: true))(maps)     // [8, 64, 28, 28] -> [8, 64, 224, 224]
/// ```
public struct Upsample: Layer, Hashable, Sendable, CustomStringConvertible {
  /// The size of the result.
  public enum Target: Sendable, Hashable {
    /// Height and width.
    case size(Size2D)
    /// Factors of the height and the width.
    case scale(height: Double, width: Double)
  }

  /// The size of the result.
  public let target: Target
  /// How a pixel is computed.
  public let interpolation: Interpolation

  /// Images of a given size.
  public init(to size: Size2D, _ interpolation: Interpolation = .nearest) {
    _ = LayerCheck.positive("Upsample(to: \(size.code))", size.height, size.width)
    target = .size(size)
    self.interpolation = interpolation
  }

  /// Images larger by a factor; `width` is the same factor by default.
  public init(by height: Double, width: Double? = nil, _ interpolation: Interpolation = .nearest) {
    let width = width ?? height
    if !(height > 0 && height.isFinite && width > 0 && width.isFinite) {
      _ = LayerCheck.fail("Upsample: the factors must be positive numbers, got \(height) and \(width)", nil)
    }
    target = .scale(height: height, width: width)
    self.interpolation = interpolation
  }

  /// The resized images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard LayerCheck.images(x, description) else { return x }
    return switch target {
    case .size(let size): x.resized(to: size, interpolation)
    case .scale(let height, let width): x.resized(by: height, width, interpolation)
    }
  }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String {
    let rest = interpolation == .nearest ? ")" : ", \(interpolation))"
    return switch target {
    case .size(let size): "Upsample(to: \(size.code)" + rest
    case .scale(let height, let width):
      "Upsample(by: \(height)" + (width == height ? "" : ", width: \(width)") + rest
    }
  }
}
