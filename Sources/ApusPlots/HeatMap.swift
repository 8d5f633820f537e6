/// A matrix whose values are shown as colours.
public struct HeatMap: Sendable, Hashable {
  /// The colours from the smallest to the largest value.
  public enum Ramp: Sendable, Hashable {
    /// From white to dark blue, for counts.
    case blues
    /// From dark violet over green to yellow, even in lightness; for measurements.
    case viridis
    /// Blue below 0, white at 0, orange above.
    case diverging
    /// From black to white.
    case gray

    /// Colours at equal distances.
    var colors: [Color] {
      switch self {
      case .blues: [0xf7fbff, 0xdbe9f6, 0xbad6eb, 0x89bedc, 0x539ecd, 0x2b7bba, 0x0b559f, 0x08306b].map(Color.init)
      case .viridis: [0x440154, 0x414487, 0x2a788e, 0x22a884, 0x7ad151, 0xfde725].map(Color.init)
      case .diverging: [0x08519c, 0x4f94cd, 0xb3d3ea, 0xf7f7f7, 0xfcc79c, 0xe6813a, 0xa64203].map(Color.init)
      case .gray: [0x000000, 0xffffff].map(Color.init)
      }
    }
  }

  /// The values, row by row.
  public var values: [[Double]]
  /// The extent of the columns on the x axis.
  public var x: ClosedRange<Double>
  /// The extent of the rows on the y axis.
  public var y: ClosedRange<Double>
  /// The colours.
  public var ramp: Ramp
  /// How values become colours.
  public var scale: Axis.Scale
  /// Texts in the cells, row by row; nil for none.
  public var texts: [[String]]?
  /// Whether a scale of the colours stands beside the panel.
  public var showsScale: Bool

  /// A map of a matrix. Row 0 is at the lower end of `y`.
  ///
  /// - Parameters:
  ///   - x: the extent of the columns, nil puts column c around c.
  ///   - y: the extent of the rows, nil puts row r around r.
  /// - Precondition: at least one value, rows of one length, extents of positive length, as many texts as values.
  public init(
    _ values: [[Double]], x: ClosedRange<Double>? = nil, y: ClosedRange<Double>? = nil, ramp: Ramp = .viridis,
    scale: Axis.Scale = .linear, texts: [[String]]? = nil, showsScale: Bool = true
  ) {
    let (rows, columns) = (values.count, values.first?.count ?? 0)
    precondition(rows > 0 && columns > 0, "a heat map needs at least one value")
    precondition(values.allSatisfy { $0.count == columns }, "the rows of a heat map have one length")
    precondition(
      texts.map { $0.count == rows && $0.allSatisfy { $0.count == columns } } ?? true,
      "a heat map of \(rows) x \(columns) values has as many texts")
    let (x, y) = (x ?? -0.5...Double(columns) - 0.5, y ?? -0.5...Double(rows) - 0.5)
    precondition(x.lowerBound < x.upperBound && y.lowerBound < y.upperBound, "a heat map has a positive extent")
    (self.values, self.x, self.y, self.ramp) = (values, x, y, ramp)
    (self.scale, self.texts, self.showsScale) = (scale, texts, showsScale)
  }

  /// The width and height of a cell.
  var cell: (width: Double, height: Double) {
    (
      (x.upperBound - x.lowerBound) / Double(values[0].count), (y.upperBound - y.lowerBound) / Double(values.count)
    )
  }

  /// The middle of a cell.
  func center(_ row: Int, _ column: Int) -> (x: Double, y: Double) {
    (x.lowerBound + (Double(column) + 0.5) * cell.width, y.lowerBound + (Double(row) + 0.5) * cell.height)
  }

  /// Whether a value has a colour.
  func isShown(_ value: Double) -> Bool { value.isFinite && (scale == .linear || value > 0) }

  /// The ends of the colours: those of the values, around 0 with ``Ramp/diverging``, never equal.
  var bounds: (lower: Double, upper: Double) {
    let shown = values.joined().filter(isShown)
    guard var lower = shown.min(), var upper = shown.max() else { return scale == .linear ? (0, 1) : (1, 10) }
    if ramp == .diverging, scale == .linear {
      upper = max(abs(lower), abs(upper))
      lower = -upper
    }
    if lower < upper { return (lower, upper) }
    if scale == .logarithmic { return (lower / 2, upper * 2) }
    let margin = max(abs(lower) / 2, 0.5)
    return (lower - margin, upper + margin)
  }

  /// Whether a text on the colour of a value is better white than black.
  func wantsLightText(_ value: Double) -> Bool {
    let (lower, upper) = bounds
    guard isShown(value) else { return false }
    let part = min(max((value - lower) / (upper - lower), 0), 1) * Double(ramp.colors.count - 1)
    let color = ramp.colors[Int(part.rounded())]
    return 0.299 * Double(color.red) + 0.587 * Double(color.green) + 0.114 * Double(color.blue) < 150
  }
}
