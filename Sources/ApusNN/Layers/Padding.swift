import ApusTensor

/// How far the window of a convolution or pooling may reach over the border of an image.
///
/// ```swift
/// Conv2D(1, 6, kernel: 5, padding: 2)
/// Conv2D(1, 6, kernel: Size2D(5, 3), padding: .same)
/// ```
public enum Padding: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Not at all.
  case valid
  /// So far that the output has the input's size divided by the stride, rounded up; where the padding is odd, the lower
  /// and right side get one more.
  case same
  /// This far on both sides of each axis.
  case size(Size2D)

  /// The same on all sides.
  public init(integerLiteral value: Int) { self = .size(Size2D(value)) }

  /// The padding above and left, and below and right, for an image.
  func resolved(image: Size2D, kernel: Size2D, stride: Size2D, dilation: Size2D) -> (low: Size2D, high: Size2D) {
    switch self {
    case .valid: return (0, 0)
    case .size(let size): return (size, size)
    case .same:
      func total(_ image: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
        let windows = (image + stride - 1) / max(stride, 1)
        return max((windows - 1) * stride + dilation * (kernel - 1) + 1 - image, 0)
      }
      let height = total(image.height, kernel.height, stride.height, dilation.height)
      let width = total(image.width, kernel.width, stride.width, dilation.width)
      let low = Size2D(height / 2, width / 2)
      return (low, Size2D(height - low.height, width - low.width))
    }
  }

  /// The padding of a sequence that is seen as an image of one row; reports two different numbers.
  func ofRow(_ layer: String) -> Padding {
    guard case .size(let size) = self else { return self }
    if size.height != size.width {
      _ = LayerCheck.fail("\(layer): the padding \(size) has two numbers, a sequence has one axis", nil)
    }
    return .size(Size2D(0, size.width))
  }

  /// As in code.
  public var description: String {
    switch self {
    case .valid: ".valid"
    case .same: ".same"
    case .size(let size): size.code
    }
  }
}

extension Size2D {
  /// As in code: one number when both are the same.
  var code: String { height == width ? "\(height)" : "Size2D(\(height), \(width))" }
}
