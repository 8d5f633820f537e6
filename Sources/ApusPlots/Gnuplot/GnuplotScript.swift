/// A figure as a program for gnuplot: data as inline blocks of numbers, texts as quoted strings, nothing else.
struct GnuplotScript {
  /// What gnuplot makes.
  enum Terminal: Hashable {
    case svg
    case png(scale: Int)

    /// A font of a size in points of the screen, which the drawing library of PNG counts otherwise.
    func font(_ size: Int) -> String { self == .svg ? ",\(size)" : ",\(Double(size) * 0.75)" }
  }

  /// The name that stands for the fonts of the screen until ``SVGDocument`` puts them in.
  static let svgFont = "ApusSans"

  /// The program.
  let text: String

  init(_ figure: Figure, _ terminal: Terminal) {
    let isSingle = figure.panels.count == 1
    var panels = figure.panels
    if isSingle, panels[0].title.isEmpty { panels[0].title = figure.title }
    let title = isSingle && figure.panels[0].title.isEmpty ? "" : figure.title
    let width = figure.columns * figure.panelSize.width
    let lines = title.isEmpty ? [] : GnuplotText.wrapped(title, width: width, fontSize: Self.titleSize)
    // Captions of pictures stand at the upper end of their panels.
    let heading = lines.count * Self.titleSize * 3 / 2 + (lines.isEmpty || panels[0].hasAxes ? 0 : 10)
    let legend = SharedLegend(panels, width: width, terminal: terminal)
    let height = figure.rows * figure.panelSize.height + heading + legend.height
    let writers = panels.enumerated().map { number, panel in
      let (row, column) = (number / figure.columns, number % figure.columns)
      let below = legend.height + (figure.rows - 1 - row) * figure.panelSize.height
      let place = PanelScript.Place(
        x: Double(column) / Double(figure.columns), y: Double(below) / Double(height),
        width: 1 / Double(figure.columns), height: Double(figure.panelSize.height) / Double(height))
      return PanelScript(panel, number: number, size: figure.panelSize, terminal: terminal, place: place)
    }
    // Drawn with the first panel, for the title of gnuplot's own multiplot takes no colour.
    let titlePlace = "screen 0.5,\(1 - Double(Self.titleSize) / Double(height)) center"
    let words =
      lines.isEmpty
      ? []
      : [
        "set label \(GnuplotText.quoted(lines)) at \(titlePlace) noenhanced front font "
          + "'\(terminal.font(Self.titleSize))' textcolor rgb '\(Color.ink.hexadecimal)'"
      ]
    var commands = ["set encoding utf8", Self.setting(terminal, width, height)]
    commands += writers.flatMap(\.data)
    commands.append("set multiplot")
    for (number, writer) in writers.enumerated() { commands += writer.commands(with: number == 0 ? words : []) }
    commands += legend.commands(writers, part: Double(legend.height) / Double(height))
    text = (commands + ["unset multiplot"]).joined(separator: "\n") + "\n"
  }

  private static let titleSize = 18

  private static func setting(_ terminal: Terminal, _ width: Int, _ height: Int) -> String {
    let common = "enhanced background rgb '\(Color.background.hexadecimal)'"
    switch terminal {
    case .svg: return "set terminal svg size \(width),\(height) \(common) font '\(svgFont),14' standalone"
    case .png(let scale):
      return "set terminal pngcairo size \(width * scale),\(height * scale) \(common) font 'sans,10.5' "
        + "fontscale \(scale) linewidth \(scale) pointscale \(scale)"
    }
  }
}
