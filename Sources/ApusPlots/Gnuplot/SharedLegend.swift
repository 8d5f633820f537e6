/// The legend of all panels of a figure that share one: a strip below them.
struct SharedLegend {
  private let panels: [Int]
  private let columns: Int
  private let terminal: GnuplotScript.Terminal
  /// How high the strip is, in points of the screen; 0 without a legend.
  let height: Int

  private static let fontSize = 14

  init(_ panels: [Panel], width: Int, terminal: GnuplotScript.Terminal) {
    self.terminal = terminal
    self.panels = panels.indices.filter { panels[$0].legend == .shared }
    var names: [String] = []
    for name in self.panels.flatMap({ panels[$0].series.map(\.name) }) where !name.isEmpty && !names.contains(name) {
      names.append(name)
    }
    // A sample of the line, the letters of the longest name, and room between the columns.
    let longest = names.map(\.count).max() ?? 0
    let entry = 60 + Double(longest * Self.fontSize) * 0.6
    let fitting = max(min(Int(Double(width) / entry), names.count), 1)
    // As many in each row, so that the last one is not left alone.
    let rows = (names.count + fitting - 1) / fitting
    columns = rows == 0 ? 0 : (names.count + rows - 1) / rows
    height = rows == 0 ? 0 : rows * 20 + 18
  }

  /// The commands that draw it at the foot of the figure, over a part of its height.
  func commands(_ writers: [PanelScript], part: Double) -> [String] {
    var samples: [(name: String, style: String)] = []
    for sample in panels.flatMap({ writers[$0].samples }) where !samples.contains(where: { $0.name == sample.name }) {
      samples.append(sample)
    }
    guard height > 0, !samples.isEmpty else { return [] }
    // The lines lie above the range of the strip; only their samples are seen.
    let plots = samples.map { "2 \($0.style) \(PanelScript.title($0.name))" }
    return ["reset"] + PanelScript.Place(x: 0, y: 0, width: 1, height: part).commands + [
      "unset border", "unset tics", "set lmargin 0", "set rmargin 0", "set tmargin 0", "set bmargin 0",
      "set xrange [0:1]", "set yrange [0:1]",
      "set key inside center center horizontal Left reverse samplen 1.4 maxcols \(columns) noenhanced font "
        + "'\(terminal.font(Self.fontSize))' textcolor rgb '\(Color.ink.hexadecimal)'",
      "plot " + plots.joined(separator: ", "),
    ]
  }
}
