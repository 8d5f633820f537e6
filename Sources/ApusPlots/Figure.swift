import ApusFormats

/// A drawing of one panel or a grid of panels, which gnuplot turns into SVG or PNG.
///
/// ```swift
/// let curve = Series.line("tanh", over: -4...4) { tanh($0) }
/// try Figure("Activations", x: Axis("x"), y: Axis("f(x)"), series: [curve]).write(to: "tanh.svg")
///
/// let panels = [0.01, 0.1, 1].map { rate in
///   Panel("learning rate \(rate)", x: Axis("step"), y: Axis("loss", scale: .logarithmic), series: curves(rate))
/// }
/// try Figure("Learning rates", columns: 3, panels: panels).write(to: "rates.svg")
/// ```
/// A figure is a value; nothing is drawn before ``svg()``, ``png(scale:)`` or ``write(to:)``. Texts are shown as they
/// are: no character of them is a command or a mark-up.
public struct Figure: Sendable, Hashable {
  /// Width and height in points of the screen.
  public struct Size: Sendable, Hashable {
    /// The width.
    public var width: Int
    /// The height.
    public var height: Int

    /// A size.
    ///
    /// - Precondition: 40 to 10000 in each direction.
    public init(_ width: Int, _ height: Int) {
      precondition(
        (40...10_000).contains(width) && (40...10_000).contains(height),
        "a panel of \(width) x \(height) points cannot be drawn")
      (self.width, self.height) = (width, height)
    }

    /// A single panel, readable on a telephone.
    public static let single = Size(520, 360)
    /// A panel of several beside each other.
    public static let small = Size(380, 290)
  }

  /// What stands above all panels, and what readers of the screen say; may be empty.
  public var title: String
  /// The panels, row by row.
  public var panels: [Panel]
  /// How many panels stand beside each other.
  public var columns: Int
  /// The size of every panel.
  public var panelSize: Size

  /// A grid of panels.
  ///
  /// - Parameter panelSize: the size of every panel; nil is `single` for one column and `small` for more.
  /// - Precondition: at least one panel and one column.
  public init(_ title: String = "", columns: Int = 1, panelSize: Size? = nil, panels: [Panel]) {
    precondition(!panels.isEmpty, "a figure needs a panel")
    precondition(columns > 0, "a figure cannot have \(columns) columns")
    self.title = title
    self.panels = panels
    self.columns = min(columns, panels.count)
    self.panelSize = panelSize ?? (self.columns == 1 ? .single : .small)
  }

  /// A single panel, whose title is the figure's.
  public init(
    _ title: String = "", x: Axis = Axis(), y: Axis = Axis(), legend: Panel.Legend = .below, size: Size = .single,
    series: [Series], annotations: [Annotation] = []
  ) {
    self.init(
      title, panelSize: size, panels: [Panel(x: x, y: y, legend: legend, series: series, annotations: annotations)])
  }

  /// The number of rows.
  var rows: Int { (panels.count + columns - 1) / columns }

  /// The figure as an SVG document.
  ///
  /// - Throws: ``PlotError`` when gnuplot is not installed or fails.
  public func svg() throws -> String {
    let drawn = try Gnuplot().run(GnuplotScript(self, .svg).text)
    return SVGDocument.tidied(String(decoding: drawn, as: UTF8.self), title: title)
  }

  /// The figure as a PNG file's bytes.
  ///
  /// - Parameter scale: pixels per point, 2 for sharp screens.
  /// - Precondition: a scale of 1 to 8.
  /// - Throws: ``PlotError`` when gnuplot is not installed or fails.
  public func png(scale: Int = 2) throws -> [UInt8] {
    precondition((1...8).contains(scale), "a figure cannot be drawn with \(scale) pixels per point")
    return try Gnuplot().run(GnuplotScript(self, .png(scale: scale)).text)
  }

  /// Draws the figure into a file, which is replaced as a whole; its name ends in `.svg` or `.png`.
  ///
  /// - Throws: ``PlotError`` when the name ends otherwise or gnuplot is not installed; `FormatError` when the file cannot
  ///   be written.
  public func write(to path: String) throws {
    if path.hasSuffix(".svg") {
      try AtomicFile.write(try svg(), to: path)
    } else if path.hasSuffix(".png") {
      try AtomicFile.write(try png(), to: path)
    } else {
      throw PlotError(
        path.isEmpty ? "(no name)" : path, "is of no kind that figures are drawn as",
        advice: "name a file that ends in .svg or .png")
    }
  }
}
