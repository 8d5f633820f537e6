import Foundation
import Testing

@testable import ApusPlots

/// Texts come from data sets and parameters: none of their characters may be a command, a variable or mark-up.
@Suite struct EscapingTests {
  private let folder: TemporaryFolder
  private let mark: String
  private let hostile: [String]

  init() throws {
    folder = try TemporaryFolder()
    mark = folder.file("mark")
    hostile = [
      "`touch \(mark)`", "$(touch \(mark))", "'; system('touch \(mark)'); '", "\"; system(\"touch \(mark)\"); \"",
      "' . system('touch \(mark)') . '", "a\nsystem 'touch \(mark)'\n!touch \(mark)", "\\\n!touch \(mark)",
      "@GNUTERM {/*5 big} a_b^c ~x{.5-} %g \\n # no comment", "</text><script>alert(1)</script>",
      "]]>&amp;&#x3c;\u{0}\u{7}",
      "EOD", "'", "''", "\\", "{", "}", "$p0s0", "é \u{1f600} \u{202e} ₁ \u{2028}", "\u{fffe}", " ", "'\\'`date`",
      "''''; !touch \(mark)", "'a'''; system('touch \(mark)')",
    ]
  }

  @Test func textsAreShownAsTheyAre() throws {
    for text in hostile {
      let panel = Panel(
        text, x: Axis(text, ticks: [.init(0, text), .init(1, text)]), y: .categories([text, text], label: text),
        series: [
          .line(text, x: [0, 1], y: [0, 1]), .histogram(text, edges: [0, 1], counts: [1]),
          .heatMap(HeatMap([[1, 2]], texts: [[text, text]])),
        ], annotations: [.text(text, x: 0, y: 0), .horizontalLine(at: 1, text), .verticalLine(at: 1, text)])
      let figure = Figure(text, columns: 2, panels: [panel, .picture(text, Picture(width: 1, height: 1, values: [1]))])
      let found = try FoundXML(try figure.svg())
      #expect(found.counts["script"] == nil)
      let png = try figure.png(scale: 1)
      #expect(png.prefix(4) == [0x89, 0x50, 0x4e, 0x47])
      #expect(!FileManager.default.fileExists(atPath: mark), "a command ran: \(text)")
    }
    #expect(FileManager.default.fileExists(atPath: folder.path) && folder.names.isEmpty)
  }

  @Test(arguments: ["a <b> & c", "5' `x` \"q\"", "x_i^2 {y} @z", "100 % \\alpha", "%g %d %s%", "σ′ ≥ ½", "&lt;"])
  func lineIsShownLetterByLetter(_ text: String) throws {
    let x = Axis(text, ticks: [.init(0, text)])
    let figure = Figure(
      text, x: x, series: [.line(text, x: [0, 1], y: [0, 1])], annotations: [.text(text, x: 0, y: 0)])
    let found = try FoundXML(try figure.svg())
    // Title, label, tick, legend and annotation.
    #expect(found.texts.count { $0 == text } == 5, "\(found.texts)")
    #expect(found.title == text)
  }

  @Test func quotingHoldsNoControlCharacters() {
    #expect(GnuplotText.quoted("it's\n`b` \"\\") == #""it\047s\n\140b\140 \042\134""#)
    #expect(GnuplotText.quoted("a\u{0}\u{1b}b\tc") == "\"ab c\"")
    #expect(GnuplotText.quoted("") == "\"\"")
    #expect(GnuplotText.quoted(String(repeating: "x", count: 500)).count == 202)
  }

  @Test func longTitlesAreBrokenBetweenWords() {
    let lines = GnuplotText.wrapped("one two three four five six seven", width: 100, fontSize: 16)
    #expect(lines == ["one two", "three four", "five six", "seven"])
    #expect(GnuplotText.wrapped("", width: 100, fontSize: 16) == [""])
  }
}
