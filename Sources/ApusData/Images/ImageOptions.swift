/// How pictures in files are read.
///
/// ```swift
/// let options = try ImageOptions(height: 64, width: 64, bad: .skip)
/// ```
public struct ImageOptions: Sendable, Hashable, Codable {
  /// What becomes of files that are no usable pictures.
  public enum BadImages: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing is read; the error names the first such file.
    case refuse
    /// They are left out, and each is named.
    case skip
  }

  /// Rows of pixels; nil decides by the pictures.
  public let height: Int?
  /// Columns of pixels; nil decides by the pictures.
  public let width: Int?
  /// 1 for gray, 3 for red, green, blue; nil decides by the pictures.
  public let channels: Int?
  /// What becomes of files that are no usable pictures.
  public let bad: BadImages

  /// The usual options: pictures that are all of one size up to 256 x 256 keep it, others become squares whose side is
  /// the median of their shorter sides, 224 at most; gray only if all are; bad files are refused.
  public static let usual = ImageOptions()

  private init() { (height, width, channels, bad) = (nil, nil, nil, .refuse) }

  /// Options; height and width are given together.
  ///
  /// - Throws: ``DataError`` when a number is impossible.
  public init(height: Int? = nil, width: Int? = nil, channels: Int? = nil, bad: BadImages = .refuse) throws {
    guard (height == nil) == (width == nil) else {
      throw DataError(place: "--image-size", problem: "needs both sides", advice: "give height and width")
    }
    _ = try PictureForm(channels: channels ?? 1, height: height ?? 1, width: width ?? 1)
    (self.height, self.width, self.channels, self.bad) = (height, width, channels, bad)
  }

  /// Options as the command line has them.
  ///
  /// - Parameter size: a side, or `HEIGHTxWIDTH`.
  /// - Throws: ``DataError`` when a text cannot be read or a number is impossible.
  public init(size: String?, channels: Int?, bad: String?) throws {
    let sides = try size.map { try Self.sides($0) }
    let bad = try bad.map { text in
      guard let bad = BadImages(rawValue: text.lowercased()) else {
        throw DataError(place: "--bad-images", problem: "cannot be '\(text)'", advice: "choose refuse or skip")
      }
      return bad
    }
    try self.init(height: sides?.height, width: sides?.width, channels: channels, bad: bad ?? .refuse)
  }

  private static func sides(_ text: String) throws -> (height: Int, width: Int) {
    let parts = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = parts.compactMap { $0 }
    guard numbers.count == parts.count, numbers.count == 1 || numbers.count == 2 else {
      throw DataError(
        place: "--image-size", problem: "cannot be '\(text)'",
        advice: "give a side in pixels, such as 64, or height and width, such as 48x64")
    }
    return (numbers[0], numbers[numbers.count - 1])
  }

  /// The form for pictures whose heads say so much.
  func form(of heads: [(width: Int, height: Int, isGray: Bool)]) throws -> PictureForm {
    let channels = channels ?? (heads.allSatisfy(\.isGray) ? 1 : 3)
    if let height, let width { return try PictureForm(channels: channels, height: height, width: width) }
    if let first = heads.first, first.width <= 256, first.height <= 256,
      heads.allSatisfy({ $0.width == first.width && $0.height == first.height })
    {
      return try PictureForm(channels: channels, height: first.height, width: first.width)
    }
    let shorter = heads.map { min($0.width, $0.height) }.sorted()
    let side = min(shorter.isEmpty ? 224 : shorter[shorter.count / 2], 224)
    return try PictureForm(channels: channels, height: side, width: side)
  }
}
