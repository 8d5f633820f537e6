/// A colour of the screen.
public struct Color: Sendable, Hashable {
  /// Its parts, 0 to 255.
  public let red: UInt8, green: UInt8, blue: UInt8

  /// A colour of three parts.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  /// A colour as `0xRRGGBB`.
  public init(_ number: UInt32) {
    self.init(
      red: UInt8(truncatingIfNeeded: number >> 16), green: UInt8(truncatingIfNeeded: number >> 8),
      blue: UInt8(truncatingIfNeeded: number))
  }

  /// As `#rrggbb`.
  public var hexadecimal: String {
    "#"
      + [red, green, blue].map { part in
        (part < 16 ? "0" : "") + String(part, radix: 16)
      }.joined()
  }

  /// Blue, the first of ``series``.
  public static let blue = Color(0x0072b2)
  /// Vermilion, the second.
  public static let vermilion = Color(0xd55e00)
  /// Green, the third.
  public static let green = Color(0x009e73)
  /// Purple, the fourth.
  public static let purple = Color(0xcc79a7)
  /// Orange, the fifth.
  public static let orange = Color(0xe69f00)
  /// Sky blue, the sixth.
  public static let sky = Color(0x56b4e9)
  /// Brown, the seventh.
  public static let brown = Color(0x8c5a2b)
  /// Gray, the eighth.
  public static let gray = Color(0x6b7785)

  /// The colours that series take in turn. The first six are those that people of every colour vision tell apart.
  ///
  /// Okabe and Ito (2008), "Color Universal Design", https://jfly.uni-koeln.de/color/.
  public static let series: [Color] = [.blue, .vermilion, .green, .purple, .orange, .sky, .brown, .gray]

  /// Titles and marks.
  public static let ink = Color(0x1f2933)
  /// Labels of axes and ticks.
  public static let quiet = Color(0x52606d)
  /// The lines of the grid.
  public static let grid = Color(0xe4e7eb)
  /// The lines of axes.
  public static let axis = Color(0x9aa5b1)
  /// Texts on light cells of heat maps.
  public static let cellInk = Color(0x111820)
  /// Texts on dark cells of heat maps.
  public static let cellLight = Color(0xfefefe)
  /// What is behind everything.
  public static let background = Color(0xffffff)
}
