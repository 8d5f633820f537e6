import ApusFormats
import Foundation
import Testing

@testable import ApusPlots

@Suite struct FileTests {
  private let figure = Figure("Squares", series: [.line("y", x: [0, 1, 2], y: [0, 1, 4])])

  @Test func formatFollowsTheName() throws {
    let folder = try TemporaryFolder()
    try figure.write(to: folder.file("a.svg"))
    try figure.write(to: folder.file("a.png"))
    #expect(folder.names == ["a.png", "a.svg"])
    let text = try String(contentsOfFile: folder.file("a.svg"), encoding: .utf8)
    #expect(try FoundXML(text).texts.contains("Squares"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a.png")))
    #expect(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    // Width and height in the header: two pixels for a point.
    #expect(Array(bytes[16..<24]) == [0, 0, 4, 16, 0, 0, 2, 208])
    for name in ["a.pdf", "svg", ""] {
      let error = #expect(throws: PlotError.self) { try figure.write(to: name.isEmpty ? "" : folder.file(name)) }
      #expect(error?.description.contains(".svg or .png") == true)
    }
    #expect(folder.names == ["a.png", "a.svg"])
  }

  @Test func unwritablePlacesAreNamed() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: FormatError.self) { try figure.write(to: folder.file("none/a.svg")) }
    #expect(error?.description.contains("none/a.svg") == true)
    try FileManager.default.createDirectory(atPath: folder.file("b.svg"), withIntermediateDirectories: true)
    #expect(throws: FormatError.self) { try figure.write(to: folder.file("b.svg")) }
    #expect(folder.names == ["b.svg"])
  }

  @Test func missingProgramSaysWhatToInstall() throws {
    let error = #expect(throws: PlotError.self) { try Gnuplot(program: "apus-has-no-such-program").run("plot x") }
    #expect(
      error?.description == "apus-has-no-such-program: is not installed, and figures are drawn by it; "
        + "install it with: apt-get install gnuplot-nox")
  }

  @Test func faultyScriptIsOneSentence() throws {
    let error = #expect(throws: PlotError.self) { try Gnuplot().run("set terminal svg\nplot nonsense(((\n") }
    #expect(error?.description.contains("could not draw") == true)
    #expect(error?.description.contains("\n") == false)
    #expect(throws: PlotError.self) { try Gnuplot(program: "true").run("") }
    #expect(throws: PlotError.self) { try Gnuplot(program: "false").run("") }
  }
}
