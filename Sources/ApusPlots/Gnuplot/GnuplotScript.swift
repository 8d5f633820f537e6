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
    let height = figure.rows * figure.panelSize.height + lines.count * Self.titleSize * 3 / 2
    let writers = panels.enumerated().map {
      PanelScript($0.element, number: $0.offset, size: figure.panelSize, terminal: terminal)
    }
    var commands = ["set encoding utf8", Self.setting(terminal, width, height)]
    commands += writers.flatMap(\.data)
    let heading =
      title.isEmpty ? "" : " title \(GnuplotText.quoted(lines)) font '\(terminal.font(Self.titleSize))' noenhanced"
    commands.append("set multiplot layout \(figure.rows),\(figure.columns)\(heading)")
    commands += writers.flatMap(\.commands)
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
