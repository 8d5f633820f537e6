/// Data drawn in a panel.
///
/// Points that are not finite numbers, and those that are not positive on a logarithmic axis, become gaps.
public struct Series: Sendable, Hashable {
  /// How a line is drawn.
  public enum Dash: Sendable, Hashable {
    /// Without gaps.
    case solid
    /// In strokes.
    case dashed
    /// In points.
    case dotted
  }

  /// What the data are and how they are drawn.
  enum Form: Sendable, Hashable {
    case line(x: [Double], y: [Double], Dash, markers: Bool)
    case points(x: [Double], y: [Double], size: Double)
    case steps(x: [Double], y: [Double])
    case bars(x: [Double], heights: [Double], width: Double)
    case histogram(edges: [Double], counts: [Double])
    case band(x: [Double], lower: [Double], upper: [Double])
    case heatMap(HeatMap)
    case picture(Picture)
  }

  /// What the legend calls it; empty leaves it out of the legend.
  public var name: String
  /// The colour; nil takes the next of `Color.series`.
  public var color: Color?
  let form: Form

  private init(_ name: String, _ color: Color?, _ form: Form) {
    (self.name, self.color, self.form) = (name, color, form)
  }

  private static func check(_ counts: Int...) {
    precondition(Set(counts).count == 1, "a series needs as many numbers of each kind, not \(counts)")
  }

  /// A line through points in their order.
  ///
  /// - Parameter markers: whether the points are marked; nil marks up to 20.
  /// - Precondition: as many x as y.
  public static func line(
    _ name: String = "", x: [Double], y: [Double], dash: Dash = .solid, markers: Bool? = nil, color: Color? = nil
  ) -> Series {
    check(x.count, y.count)
    return Series(name, color, .line(x: x, y: y, dash, markers: markers ?? (x.count <= 20)))
  }

  /// The line of a function.
  ///
  /// ```swift
  /// Series.line("tanh", over: -4...4) { tanh($0) }
  /// ```
  /// - Precondition: at least 2 samples.
  public static func line(
    _ name: String = "", over range: ClosedRange<Double>, samples: Int = 401, dash: Dash = .solid,
    color: Color? = nil, _ function: (Double) -> Double
  ) -> Series {
    precondition(samples >= 2, "a function is drawn through at least 2 points, not \(samples)")
    let step = (range.upperBound - range.lowerBound) / Double(samples - 1)
    let x = (0..<samples).map { range.lowerBound + Double($0) * step }
    return line(name, x: x, y: x.map(function), dash: dash, markers: false, color: color)
  }

  /// A mark at every point.
  ///
  /// - Parameter size: the size of the marks, 1 is usual.
  /// - Precondition: as many x as y.
  public static func points(
    _ name: String = "", x: [Double], y: [Double], size: Double = 1, color: Color? = nil
  ) -> Series {
    check(x.count, y.count)
    return Series(name, color, .points(x: x, y: y, size: size))
  }

  /// A line that keeps the height of a point until the next one.
  ///
  /// - Precondition: as many x as y.
  public static func steps(_ name: String = "", x: [Double], y: [Double], color: Color? = nil) -> Series {
    check(x.count, y.count)
    return Series(name, color, .steps(x: x, y: y))
  }

  /// A bar at every x, from 0 to its height.
  ///
  /// - Parameter width: how wide a bar is, in units of the x axis.
  /// - Precondition: as many x as heights.
  public static func bars(
    _ name: String = "", x: [Double], heights: [Double], width: Double = 0.8, color: Color? = nil
  ) -> Series {
    check(x.count, heights.count)
    return Series(name, color, .bars(x: x, heights: heights, width: width))
  }

  /// Counts between edges.
  ///
  /// - Precondition: one edge more than counts.
  public static func histogram(
    _ name: String = "", edges: [Double], counts: [Double], color: Color? = nil
  ) -> Series {
    check(edges.count, counts.count + 1)
    return Series(name, color, .histogram(edges: edges, counts: counts))
  }

  /// The area between two lines, as for a spread around a mean; draw it before the line of the mean.
  ///
  /// - Precondition: as many x as bounds of each kind.
  public static func band(
    _ name: String = "", x: [Double], lower: [Double], upper: [Double], color: Color? = nil
  ) -> Series {
    check(x.count, lower.count, upper.count)
    return Series(name, color, .band(x: x, lower: lower, upper: upper))
  }

  /// A matrix as colours; lines and points can lie over it.
  public static func heatMap(_ map: HeatMap) -> Series { Series("", nil, .heatMap(map)) }

  /// A picture over `0...width` and `0...height`.
  public static func picture(_ picture: Picture) -> Series { Series("", nil, .picture(picture)) }

  /// Whether it takes a colour of its own.
  var isColored: Bool {
    switch form {
    case .heatMap, .picture: false
    default: true
    }
  }
}
