/// A small picture of numbers, gray or in colour.
public struct Picture: Sendable, Hashable {
  /// Pixels along the upper side.
  public let width: Int
  /// Pixels along the left side.
  public let height: Int
  /// 1 for gray, 3 for red, green and blue.
  public let channels: Int
  /// Brightness from 0 to 1, plane by plane (`[channels, height, width]`), the upper row first.
  public let values: [Double]

  /// A picture; what is below 0 or no number is shown as 0, what is above 1 as 1.
  ///
  /// - Precondition: positive sizes, 1 or 3 channels, and `channels * height * width` values.
  public init(width: Int, height: Int, channels: Int = 1, values: [Double]) {
    precondition(
      width > 0 && height > 0 && (channels == 1 || channels == 3) && values.count == channels * width * height,
      "a picture of \(channels) x \(height) x \(width) values cannot be made of \(values.count)")
    (self.width, self.height, self.channels, self.values) = (width, height, channels, values)
  }

  /// A gray picture of a matrix, from its smallest value in black to its largest in white, as for learnt filters.
  ///
  /// - Precondition: as ``init(width:height:channels:values:)``.
  public static func stretched(width: Int, height: Int, channels: Int = 1, values: [Double]) -> Picture {
    let finite = values.filter(\.isFinite)
    let (lower, upper) = (finite.min() ?? 0, finite.max() ?? 1)
    let factor = upper > lower ? 1 / (upper - lower) : 0
    return Picture(width: width, height: height, channels: channels, values: values.map { ($0 - lower) * factor })
  }

  /// The red, green and blue of a pixel, 0 to 255.
  func color(_ x: Int, _ y: Int) -> [Int] {
    (0..<3).map { channel in
      let value = values[((channels == 1 ? 0 : channel) * height + y) * width + x]
      return value.isNaN ? 0 : Int((min(max(value, 0), 1) * 255).rounded())
    }
  }
}
