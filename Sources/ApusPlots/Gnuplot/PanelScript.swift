/// A panel as data blocks and commands of gnuplot.
struct PanelScript {
  let panel: Panel
  let number: Int
  let size: Figure.Size
  let terminal: GnuplotScript.Terminal
  /// Where the panel is drawn: origin and size as parts of the figure, from its lower left corner.
  let place: Place
  private var x: PanelExtent
  private var y: PanelExtent
  private var isFreeAbove = true
  private var fromZero = false
  private var hasPoints = false

  /// The data blocks, before any command.
  private(set) var data: [String] = []
  private var plots: [String] = []
  /// The names and styles of the series, for a legend that several panels share.
  private(set) var samples: [(name: String, style: String)] = []

  /// A part of a figure.
  struct Place {
    let x, y, width, height: Double

    /// The commands that draw there.
    var commands: [String] {
      [
        "set origin \(Numbers.exact(x)),\(Numbers.exact(y))",
        "set size \(Numbers.exact(width)),\(Numbers.exact(height))",
      ]
    }
  }

  init(_ panel: Panel, number: Int, size: Figure.Size, terminal: GnuplotScript.Terminal, place: Place) {
    (self.panel, self.number, self.size, self.terminal) = (panel, number, size, terminal)
    self.place = place
    (x, y) = (PanelExtent(panel.x), PanelExtent(panel.y))
    for series in panel.series { measure(series) }
    for annotation in panel.annotations { measure(annotation) }
    var colors = 0
    for series in panel.series {
      let color = series.color ?? Color.series[colors % Color.series.count]
      if series.isColored, series.color == nil { colors += 1 }
      draw(series, color)
    }
    for annotation in panel.annotations { draw(annotation) }
  }

  /// The commands, from a clean state, with some more before the data are drawn.
  func commands(with more: [String]) -> [String] {
    guard !x.isEmpty, !y.isEmpty, !plots.isEmpty else { return frame + more + nothing }
    return frame + more + ["plot " + plots.joined(separator: ", ")]
  }

  private func font(_ size: Int) -> String { terminal.font(size) }

  private var baseSize: Int { size.width >= 480 ? 15 : size.width >= 300 ? 14 : 13 }

  // Measuring

  private mutating func measure(_ series: Series) {
    switch series.form {
    case .line(let xs, let ys, _, let markers):
      include(xs, ys)
      hasPoints = hasPoints || markers
    case .points(let xs, let ys, _):
      include(xs, ys)
      hasPoints = true
    case .steps(let xs, let ys): include(xs, ys)
    case .band(let xs, let lower, let upper):
      include(xs, lower)
      include(xs, upper)
    case .bars(let xs, let heights, let width):
      include(xs.map { $0 - width / 2 } + xs.map { $0 + width / 2 }, heights + heights)
      includeZero()
    case .histogram(let edges, let counts):
      include(Array(edges.dropLast()), counts)
      include(Array(edges.dropFirst()), counts)
      includeZero()
    case .heatMap(let map): fill(map.x, map.y)
    case .picture(let picture): fill(0...Double(picture.width), 0...Double(picture.height))
    }
    if !hasPoints { x.isTight = true } else { x.isTight = false }
  }

  private mutating func measure(_ annotation: Annotation) {
    switch annotation.form {
    case .horizontal(let place): y.include(place)
    case .vertical(let place): x.include(place)
    case .text: break
    }
  }

  private mutating func include(_ xs: [Double], _ ys: [Double]) {
    for (x, y) in zip(xs, ys) where self.x.holds(x) && self.y.holds(y) {
      self.x.include(x)
      self.y.include(y)
    }
  }

  private mutating func includeZero() {
    y.include(0)
    fromZero = y.lower == 0
  }

  private mutating func fill(_ xs: ClosedRange<Double>, _ ys: ClosedRange<Double>) {
    include([xs.lowerBound, xs.upperBound], [ys.lowerBound, ys.upperBound])
    y.isTight = true
    isFreeAbove = false
  }

  // Drawing

  private func block(_ index: Int) -> String { "$p\(number)s\(index)" }

  /// Adds a data block; rows with a number that has no place are kept as gaps.
  private mutating func add(_ rows: [[Double]]) -> String {
    let name = block(data.count)
    let lines = rows.map { $0.map(Numbers.exact).joined(separator: " ") }
    data.append("\(name) << EOD\n" + lines.map { $0 + "\n" }.joined() + "EOD")
    return name
  }

  private func place(_ xs: [Double], _ ys: [Double]) -> [[Double]] {
    zip(xs, ys).map { x.holds($0) && y.holds($1) ? [$0, $1] : [.nan, .nan] }
  }

  private mutating func draw(_ series: Series, _ color: Color) {
    let paint = "lc rgb '\(color.hexadecimal)'"
    switch series.form {
    case .line(let xs, let ys, let dash, let markers):
      let name = add(place(xs, ys))
      let style = markers ? "linespoints pt 7 ps 0.4" : "lines"
      add("\(name) using 1:2", "with \(style) lw 2.2 dt \(Self.dash(dash)) \(paint)", series.name)
    case .points(let xs, let ys, let size):
      let name = add(place(xs, ys))
      add("\(name) using 1:2", "with points pt 7 ps \(Numbers.exact(0.5 * size)) \(paint)", series.name)
    case .steps(let xs, let ys):
      let name = add(place(xs, ys))
      add("\(name) using 1:2", "with steps lw 2.2 \(paint)", series.name)
    case .band(let xs, let lower, let upper):
      let rows = xs.indices.map { index in
        let isShown = x.holds(xs[index]) && y.holds(lower[index]) && y.holds(upper[index])
        return isShown ? [xs[index], lower[index], upper[index]] : [.nan, .nan, .nan]
      }
      let name = add(rows)
      add("\(name) using 1:2:3", "with filledcurves fs transparent solid 0.2 noborder \(paint)", series.name)
    case .bars(let xs, let heights, let width):
      boxes(zip(xs, heights).map { ($0 - width / 2, $0 + width / 2, $1) }, paint, series.name)
    case .histogram(let edges, let counts):
      boxes(counts.indices.map { (edges[$0], edges[$0 + 1], counts[$0]) }, paint, series.name)
    case .heatMap(let map): draw(map)
    case .picture(let picture): draw(picture)
    }
  }

  private static func dash(_ dash: Series.Dash) -> String {
    switch dash {
    case .solid: "1"
    case .dashed: "(9,5)"
    case .dotted: "(2,4)"
    }
  }

  /// How many series of the panel are boxes.
  private var boxKinds: Int {
    panel.series.count { series in
      switch series.form {
      case .bars, .histogram: true
      default: false
      }
    }
  }

  /// Adds a series of the data of a block in a style.
  private mutating func add(_ data: String, _ style: String, _ name: String) {
    plots.append("\(data) \(style) \(Self.title(name))")
    if !name.isEmpty { samples.append((name, style)) }
  }

  /// What the legend calls a series.
  static func title(_ name: String) -> String { name.isEmpty ? "notitle" : "title \(GnuplotText.quoted(name))" }

  /// Bars from the foot of the panel.
  private mutating func boxes(_ bars: [(Double, Double, Double)], _ paint: String, _ title: String) {
    let foot = panel.y.scale == .linear ? 0 : y.range.lower
    let rows = bars.compactMap { left, right, height -> [Double]? in
      guard x.holds(left), x.holds(right), y.holds(height), height != foot else { return nil }
      return [left / 2 + right / 2, height, left, right, min(foot, height), max(foot, height)]
    }
    guard !rows.isEmpty else { return }
    let name = add(rows)
    // Transparent boxes show one another; a seam where their edges share a pixel is the price, which one kind of boxes
    // need not pay.
    let fill = boxKinds > 1 ? "transparent solid 0.65" : "solid 1"
    add("\(name) using 1:2:3:4:5:6", "with boxxyerror fs \(fill) noborder \(paint)", title)
  }

  /// Small matrices as boxes with a seam, large ones as a picture.
  private mutating func draw(_ map: HeatMap) {
    let (rows, columns) = (map.values.count, map.values[0].count)
    let isLarge = rows * columns > 1024 && rows > 1 && columns > 1
    let (width, height) = (map.cell.width / 2, map.cell.height / 2)
    var points: [[Double]] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let (x, y) = map.center(row, column)
        let value = map.values[row][column]
        if isLarge {
          points.append([x, y, map.isShown(value) ? value : .nan])
        } else if map.isShown(value) {
          points.append([x, y, x - width, x + width, y - height, y + height, value])
        }
      }
    }
    guard !points.isEmpty else { return }
    let name = add(points)
    plots.append(
      isLarge
        ? "\(name) using 1:2:3 with image notitle"
        : "\(name) using 1:2:3:4:5:6:7 with boxxyerror fs solid 1.0 border lc rgb '#ffffff' lw 1 "
          + "fc palette notitle")
  }

  /// gnuplot draws pictures of at least 2 x 2 pixels, so a single row or column is written twice.
  private mutating func draw(_ picture: Picture) {
    let (width, height) = (max(picture.width, 2), max(picture.height, 2))
    let (stepX, stepY) = (Double(picture.width) / Double(width), Double(picture.height) / Double(height))
    var points: [[Double]] = []
    for row in 0..<height {
      for column in 0..<width {
        let color = picture.color(column * picture.width / width, row * picture.height / height)
        let place = [(Double(column) + 0.5) * stepX, Double(picture.height) - (Double(row) + 0.5) * stepY]
        points.append(place + color.map(Double.init))
      }
    }
    let name = add(points)
    plots.append("\(name) using 1:2:3:4:5 with rgbimage notitle")
  }

  private mutating func draw(_ annotation: Annotation) {
    guard case .horizontal(let place) = annotation.form, y.holds(place) else { return }
    let name = add([[x.range.lower, place], [x.range.upper, place]])
    plots.append(
      "\(name) using 1:2 with lines lw 1.4 dt (6,4) lc rgb '\(annotation.color.hexadecimal)' notitle")
  }

  // Frame

  private var nothing: [String] {
    [
      "set xrange [0:1]", "set yrange [0:1]", "unset tics", "unset colorbox",
      "set label 'nothing to show' at graph 0.5,0.5 center textcolor rgb '\(Color.quiet.hexadecimal)'",
      "$p\(number)n << EOD\n0 0\n1 1\nEOD", "plot $p\(number)n using 1:2 with dots lc rgb '#ffffff' notitle",
    ]
  }

  private var frame: [String] {
    var lines = ["reset"] + place.commands
    let ink = "textcolor rgb '\(panel.titleColor.hexadecimal)'"
    let quiet = "textcolor rgb '\(Color.quiet.hexadecimal)'"
    if !panel.title.isEmpty {
      let titleSize = panel.hasAxes ? baseSize + 1 : baseSize
      let title = GnuplotText.wrapped(panel.title, width: size.width, fontSize: titleSize)
      let offset = panel.hasAxes ? "" : " offset 0,-0.5"
      lines.append("set title \(GnuplotText.quoted(title))\(offset) noenhanced font '\(font(titleSize))' \(ink)")
      if !panel.hasAxes { lines.append("set tmargin \(Double(title.count) * 1.15 + 0.6)") }
    }
    lines.append(legend)
    if panel.hasEqualUnits { lines.append("set size ratio -1") }
    lines.append("set xrange \(x.setting(isFree: false))")
    lines.append("set yrange \(y.setting(isFree: isFreeAbove, fromZero: fromZero))")
    guard panel.hasAxes else {
      return lines + ["unset border", "unset tics", "unset colorbox"]
        + ["lmargin", "rmargin", "bmargin"].map { "set \($0) 0.6" } + remarks
    }
    let isMap = panel.series.contains { if case .heatMap = $0.form { true } else { false } }
    lines.append(isMap ? "unset border" : "set border 3 lw 1 lc rgb '\(Color.axis.hexadecimal)'")
    lines.append("set tics nomirror out scale \(isMap ? 0 : 0.35) font '\(font(baseSize - 2))' \(quiet)")
    if !isMap { lines.append("set grid lt 1 lw 1 lc rgb '\(Color.grid.hexadecimal)'") }
    lines += side("x", panel.x, x, quiet) + side("y", panel.y, y, quiet)
    return lines + colors(quiet) + remarks
  }

  private var legend: String {
    let place: String? =
      switch panel.legend {
      case .below: "bmargin center horizontal Left reverse samplen 1.4"
      case .hidden, .shared: nil
      case .topLeft: "inside top left Left reverse samplen 1.4 opaque"
      case .topRight: "inside top right Left reverse samplen 1.4 opaque"
      case .bottomLeft: "inside bottom left Left reverse samplen 1.4 opaque"
      case .bottomRight: "inside bottom right Left reverse samplen 1.4 opaque"
      }
    guard let place, panel.series.contains(where: { !$0.name.isEmpty }) else { return "set key off" }
    return "set key \(place) noenhanced font '\(font(baseSize - 1))' textcolor rgb '\(Color.ink.hexadecimal)'"
  }

  private func side(_ name: String, _ axis: Axis, _ extent: PanelExtent, _ quiet: String) -> [String] {
    var lines = ["set format \(name) '\(extent.format)'"]
    let isNear = name == "x" && terminal == .svg
    if isNear { lines.append("set xtics offset 0,0.4") }
    if !axis.label.isEmpty {
      let offset = isNear ? " offset 0,0.9" : ""
      // gnuplot puts the legend right below the label, so an empty line stands between.
      let text = [axis.label] + (name == "x" && panel.legend == .below && !legend.hasSuffix("off") ? [" "] : [])
      lines.append("set \(name)label \(GnuplotText.quoted(text))\(offset) noenhanced font '\(font(baseSize))' \(quiet)")
    }
    if axis.scale == .logarithmic { lines.append("set logscale \(name) 10") }
    if let ticks = axis.ticks {
      let thinning = max((ticks.count + 29) / 30, 1)
      let shown = ticks.enumerated().filter { $0.offset % thinning == 0 && extent.holds($0.element.place) }
        .map(\.element)
      let letters = shown.reduce(0) { $0 + $1.label.count + 1 }
      let isCrowded = name == "x" && Double(letters * baseSize) * 0.55 > Double(size.width) * 0.75
      let rotation = isCrowded ? "rotate by 40 right offset 0,0" : "norotate"
      let marks = shown.map { "\(GnuplotText.quotedTick($0.label)) \(Numbers.exact($0.place))" }
      lines.append(
        marks.isEmpty
          ? "unset \(name)tics" : "set \(name)tics \(rotation) (\(marks.joined(separator: ", "))) noenhanced")
    } else if axis.isWhole, axis.scale == .linear {
      lines.append("set \(name)tics \(extent.wholeStep)")
    } else if name == "x", axis.scale == .linear {
      lines.append("set xtics \(Numbers.exact(extent.step(width: size.width, fontSize: baseSize - 2)))")
    }
    return lines
  }

  /// The palette of the first heat map.
  private func colors(_ quiet: String) -> [String] {
    let maps = panel.series.compactMap { if case .heatMap(let map) = $0.form { map } else { nil } }
    guard let map = maps.first else { return ["unset colorbox"] }
    let stops = map.ramp.colors.enumerated().map { "\($0.offset) '\($0.element.hexadecimal)'" }
    let (lower, upper) = map.bounds
    var lines = [
      "set palette defined (\(stops.joined(separator: ", ")))",
      "set cbrange [\(Numbers.exact(lower)):\(Numbers.exact(upper))]",
      map.showsScale ? "set colorbox vertical noborder" : "unset colorbox",
    ]
    if map.scale == .logarithmic { lines += ["set logscale cb 10", "set format cb '10^{%L}'"] }
    if map.showsScale { lines.append("set cbtics scale 0 font '\(font(baseSize - 3))' \(quiet)") }
    return lines
  }

  /// Texts in cells and remarks.
  private var remarks: [String] {
    var lines: [String] = []
    for series in panel.series {
      guard case .heatMap(let map) = series.form, let texts = map.texts else { continue }
      for row in texts.indices {
        for column in texts[row].indices where !texts[row][column].isEmpty {
          let (x, y) = map.center(row, column)
          let color = map.wantsLightText(map.values[row][column]) ? Color.cellLight : Color.cellInk
          lines.append(label(texts[row][column], "\(x),\(y) center", color, baseSize - 2))
        }
      }
    }
    for annotation in panel.annotations {
      switch annotation.form {
      case .text(let x, let y, let anchor):
        guard self.x.holds(x), self.y.holds(y) else { continue }
        lines.append(label(annotation.text, "\(x),\(y) \(anchor.rawValue)", annotation.color, baseSize - 1))
      case .horizontal(let place):
        guard y.holds(place) else { continue }
        lines.append(
          label(annotation.text, "graph 0.99, first \(place) right offset 0,0.6", annotation.color, baseSize - 2))
      case .vertical(let place):
        guard x.holds(place), place >= x.range.lower, place <= x.range.upper else { continue }
        lines.append(
          "set arrow from first \(place), graph 0 to first \(place), graph 1 nohead lw 1.4 dt (6,4) "
            + "lc rgb '\(annotation.color.hexadecimal)'")
        // Above the panel, where no curve is.
        lines.append(
          label(annotation.text, "first \(place), graph 1 center offset 0,0.5", annotation.color, baseSize - 2))
      }
    }
    return lines
  }

  private func label(_ text: String, _ place: String, _ color: Color, _ fontSize: Int) -> String {
    "set label \(GnuplotText.quoted(text)) at \(place) font '\(font(fontSize))' noenhanced front "
      + "textcolor rgb '\(color.hexadecimal)'"
  }
}
