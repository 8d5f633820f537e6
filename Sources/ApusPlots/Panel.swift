/// Axes with data between them.
public struct Panel: Sendable, Hashable {
  /// Where the names of the series stand.
  public enum Legend: Sendable, Hashable {
    /// Below the data, in rows.
    case below
    /// Below the whole figure, once for all panels that ask for it: series of one name look the same there.
    case shared
    /// Nowhere.
    case hidden
    /// Inside, in the upper left corner.
    case topLeft
    /// Inside, in the upper right corner.
    case topRight
    /// Inside, in the lower left corner.
    case bottomLeft
    /// Inside, in the lower right corner.
    case bottomRight
  }

  /// What stands above; may have several lines.
  public var title: String
  /// The colour of the title.
  public var titleColor: Color
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// Where the names of the series stand.
  public var legend: Legend
  /// The data, each drawn over the ones before.
  public var series: [Series]
  /// Remarks over the data.
  public var annotations: [Annotation]
  /// Whether a unit has the same length along both axes.
  public var hasEqualUnits = false
  /// Whether there are axes at all.
  public var hasAxes = true

  /// A panel.
  public init(
    _ title: String = "", x: Axis = Axis(), y: Axis = Axis(), legend: Legend = .below, titleColor: Color = .ink,
    series: [Series], annotations: [Annotation] = []
  ) {
    (self.title, self.titleColor, self.x, self.y) = (title, titleColor, x, y)
    (self.legend, self.series, self.annotations) = (legend, series, annotations)
  }

  /// A matrix with named rows, the first on top, and columns; values are written into the cells of small matrices.
  ///
  /// - Parameters:
  ///   - x: what the columns are.
  ///   - y: what the rows are.
  ///   - texts: the texts of the cells; nil writes the numbers of at most 12 x 12 cells.
  /// - Precondition: a value for each row and column, and at least one.
  public static func heatMap(
    _ title: String = "", values: [[Double]], rows: [String], columns: [String], x: String = "", y: String = "",
    ramp: HeatMap.Ramp = .blues, texts: [[String]]? = nil
  ) -> Panel {
    precondition(
      values.count == rows.count && values.allSatisfy { $0.count == columns.count },
      "a heat map has a name for each of its \(values.count) rows and each column")
    let isSmall = rows.count <= 12 && columns.count <= 12
    let texts = texts ?? (isSmall ? values.map { $0.map(Numbers.short) } : nil)
    let map = HeatMap(Array(values.reversed()), ramp: ramp, texts: texts?.reversed(), showsScale: texts == nil)
    let yAxis = Axis(y, ticks: Array(Axis.categories(Array(rows.reversed())).ticks ?? []))
    var panel = Panel(
      title, x: .categories(columns, label: x), y: yAxis, legend: .hidden, series: [.heatMap(map)])
    panel.hasEqualUnits = rows.count == columns.count
    return panel
  }

  /// A picture without axes, its caption above it.
  public static func picture(_ caption: String = "", _ picture: Picture, captionColor: Color = .ink) -> Panel {
    var panel = Panel(caption, legend: .hidden, titleColor: captionColor, series: [.picture(picture)])
    (panel.hasAxes, panel.hasEqualUnits) = (false, true)
    return panel
  }
}
