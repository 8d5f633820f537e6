import ApusFormats
import Foundation
import Testing

@testable import ApusPlots

@Suite struct FigureTests {
  private let x = (0..<7).map { Double($0) }

  @Test func documentHoldsTitleLabelsNamesAndEveryPoint() throws {
    let figure = Figure(
      "Loss by epoch", x: Axis("epoch"), y: Axis("cross-entropy"),
      series: [.points("training", x: x, y: x.map { $0 * $0 }), .points("validation", x: x, y: x.map { $0 + 1 })])
    let found = try FoundXML(try figure.svg())
    for text in ["Loss by epoch", "epoch", "cross-entropy", "training", "validation"] {
      #expect(found.texts.contains(text), "\(text) is not among \(found.texts)")
    }
    #expect(found.title == "Loss by epoch")
    // Two series of 7 points, and a mark for each in the legend.
    #expect(found.marks == 16)
  }

  @Test func numbersBelowAPanelDoNotTouch() throws {
    func step(_ low: Double, _ high: Double) -> Double {
      var extent = PanelExtent(Axis())
      for end in [low, high] { extent.include(end) }
      return extent.step(width: 520, fontSize: 13)
    }
    #expect(step(0, 10) == 2 && step(0, 1) == 0.2)
    // 400000 and 1.2e+06 are wider.
    #expect(step(250_000, 1_500_000) == 500_000)
    #expect(PanelExtent.text(1_200_000) == "1.2e+06" && PanelExtent.text(-0.05) == "-0.05")
  }

  @Test func whatIsNoNumberIsAGap() throws {
    let y: [Double] = [1, 2, .nan, 4, .infinity, -.infinity, 7]
    let points = try FoundXML(try Figure(series: [.points(x: x, y: y)]).svg())
    #expect(points.marks == 4)
    let line = try Figure(series: [.line(x: x, y: y, markers: false, color: Color(0x123456))]).svg()
    let drawn = try #require(try FoundXML(line).attributes.first { $0["stroke"] == "#123456" }?["d"])
    // One stroke from 0 to 1; the single points 3 and 6 have no neighbour.
    #expect(drawn.count { $0 == "L" } == 1, "\(drawn)")
  }

  @Test func logarithmicAxisLeavesOutWhatIsNotPositive() throws {
    let figure = Figure(
      y: Axis("loss", scale: .logarithmic), series: [.points(x: x, y: [1e-3, 0, -1, 1, 10, 100, 1000])])
    let found = try FoundXML(try figure.svg())
    #expect(found.marks == 5)
    // Equal factors are equal lengths: 1, 10, 100, 1000 stand at equal distances.
    let heights = found.attributes.compactMap { marks -> Double? in
      guard marks["xlink:href"] != nil, let place = marks["transform"] else { return nil }
      return Double(place.split { $0 == "," || $0 == ")" }[1])
    }
    #expect(heights.count == 5)
    for index in 2..<4 {
      #expect(abs(heights[index] - heights[index - 1] - (heights[index + 1] - heights[index])) < 0.05)
    }
  }

  @Test func nothingToShowIsSaid() throws {
    for series in [
      [], [Series.line(x: [], y: [])], [.points(x: [1, 2], y: [.nan, .nan])], [.bars(x: [], heights: [])],
    ] {
      let found = try FoundXML(try Figure("Empty", series: series).svg())
      #expect(found.texts.contains("nothing to show"))
    }
  }

  @Test func everyFormOfSeriesIsDrawn() throws {
    let bars = try FoundXML(try Figure(series: [.bars(x: [0, 1, 2], heights: [3, 1, 2])]).svg())
    #expect(bars.counts["polygon"] == 3)
    let histogram = try FoundXML(
      try Figure(series: [.histogram("h", edges: [-1, 0, 1, 2, 3], counts: [2, 0, 5, 1])]).svg())
    // A bin without samples has no bar; the legend has a sample.
    #expect(histogram.counts["polygon"] == 4)
    _ = try FoundXML(try Figure(series: [.steps(x: x, y: x), .band(x: x, lower: x, upper: x.map { $0 + 1 })]).svg())
    _ = try FoundXML(try Figure(series: [.line(over: -3...3) { tanh($0) }, .line(x: x, y: x, dash: .dotted)]).svg())
    for legend in [Panel.Legend.topLeft, .topRight, .bottomLeft, .bottomRight, .below] {
      let found = try FoundXML(try Figure(legend: legend, series: [.line("name", x: x, y: x)]).svg())
      #expect(found.texts.contains("name"))
    }
    let hidden = try FoundXML(try Figure(legend: .hidden, series: [.line("name", x: x, y: x)]).svg())
    #expect(!hidden.texts.contains("name"))
  }

  @Test func extremeNumbersAreDrawn() throws {
    for y in [
      [1e300, -1e300], [1e-300, 2e-300], [5, 5], [0, 0], [1e16, 1e16 + 2], [-3, .greatestFiniteMagnitude],
    ] {
      _ = try FoundXML(try Figure(series: [.line(x: [0, 1], y: y)]).svg())
    }
    for x in [[3.0], [1e300, 2e300], [0, 0]] {
      _ = try FoundXML(try Figure(x: Axis(isWhole: true), series: [.points(x: x, y: x)]).svg())
    }
    _ = try FoundXML(try Figure(y: Axis(from: 10), series: [.line(x: [0, 1], y: [1, 2])]).svg())
    _ = try FoundXML(try Figure(y: Axis(scale: .logarithmic, to: 1e-3), series: [.line(x: [0, 1], y: [1, 2])]).svg())
  }

  @Test func smallHeatMapHasItsValuesWritten() throws {
    let values = [[12.0, 3], [.nan, 0.125]]
    let panel = Panel.heatMap("Map", values: values, rows: ["a", "b"], columns: ["c", "d"], x: "across", y: "down")
    let found = try FoundXML(try Figure(panels: [panel]).svg())
    for text in ["Map", "a", "b", "c", "d", "across", "down", "12", "3", "0.125"] {
      #expect(found.texts.contains(text), "\(text) is not among \(found.texts)")
    }
    // A cell without a number has no colour.
    #expect(found.counts["polygon"] == 3)
  }

  @Test func largeHeatMapIsAPicture() throws {
    let values = (0..<50).map { row in (0..<40).map { Double($0 * row) } }
    let names = (0..<50).map { "class \($0)" }
    let panel = Panel.heatMap(values: values, rows: names, columns: Array(names.prefix(40)))
    let found = try FoundXML(try Figure(panels: [panel]).svg())
    #expect(found.counts["image"] == 1)
    #expect(found.counts["text", default: 0] < 100)
    let wide = HeatMap([(0..<2000).map(Double.init)], ramp: .diverging)
    _ = try FoundXML(try Figure(series: [.heatMap(wide), .line(x: [0, 1000], y: [0, 0])]).svg())
    _ = try FoundXML(try Figure(series: [.heatMap(HeatMap([[.nan]], scale: .logarithmic))]).svg())
  }

  @Test func picturesStandInAGridWithCaptions() throws {
    let gray = Picture(width: 3, height: 2, values: [0, 0.2, 0.4, 0.6, 0.8, .nan])
    let color = Picture(width: 1, height: 1, channels: 3, values: [1, 0.5, -2])
    let panels = (0..<6).map { Panel.picture("Sneaker 9\($0) %\nis Bag", $0 == 3 ? color : gray) }
    let found = try FoundXML(try Figure("Samples", columns: 3, panelSize: .init(150, 180), panels: panels).svg())
    #expect(found.counts["image"] == 6)
    #expect(found.texts.contains("Sneaker 94 %") && found.texts.contains("Samples"))
    #expect(found.texts.count { $0 == "is Bag" } == 6)
    #expect(found.attributes[0]["width"] == "450")
    #expect(found.attributes.count { $0["style"] == "image-rendering:pixelated" } == 6)
  }

  @Test func panelsShareOneLegendBelowThem() throws {
    let names = ["first", "second", "third"]
    func panels(_ legend: Panel.Legend) -> [Panel] {
      (0..<4).map { number in
        // The last panel adds a series that the others lack.
        Panel(
          "panel \(number)", x: Axis("x"), legend: legend,
          series: names.prefix(number == 3 ? 3 : 2).map { .line($0, x: x, y: x) })
      }
    }
    func figure(_ legend: Panel.Legend) -> Figure {
      Figure("All", columns: 2, panelSize: .init(300, 200), panels: panels(legend))
    }
    let shared = try FoundXML(try figure(.shared).svg())
    for name in names { #expect(shared.texts.count { $0 == name } == 1, "\(name)") }
    #expect(shared.texts.contains("All") && shared.texts.contains("panel 3"))
    #expect(try FoundXML(try figure(.below).svg()).texts.count { $0 == "first" } == 4)
    // The strip is added to the panels' height, none of it is taken from them.
    func height(_ found: FoundXML) throws -> Int { try #require(found.attributes[0]["height"].flatMap { Int($0) }) }
    let hidden = try FoundXML(try figure(.hidden).svg())
    #expect(!hidden.texts.contains("first"))
    #expect(try height(shared) == height(hidden) + 38)
    let written = GnuplotScript(figure(.shared), .svg).text
    #expect(written.contains("set origin 0.5,"))
  }

  @Test func ticksOfNarrowPanelsLeaveRoomForTheirNumbers() throws {
    let small = (0...40).map { -0.08 + 0.004 * Double($0) }
    let figure = Figure(size: .init(420, 280), series: [.line(x: small, y: small)])
    let found = try FoundXML(try figure.svg())
    let ticks = found.texts.filter { Double($0.filter { $0 != " " }) != nil }
    // -0.08 to 0.08 in steps of 0.05; the other axis has ticks of its own.
    #expect(ticks.contains { $0.contains("0.05") })
    #expect(PanelExtent.step(from: -0.08, to: 0.08, most: 7) == 0.05)
    #expect(PanelExtent.step(from: 0, to: 7, most: 7) == 1)
    #expect(PanelExtent.step(from: 0, to: 8, most: 7) == 2)
    #expect(abs(PanelExtent.step(from: -3e-9, to: 3e-9, most: 6) - 1e-9) < 1e-20)
  }

  @Test func annotationsStandInThePanel() throws {
    let figure = Figure(
      series: [.line(x: x, y: x)],
      annotations: [
        .text("here", x: 1, y: 1, anchor: .center), .horizontalLine(at: 20, "limit"), .verticalLine(at: 3, "kept"),
        .verticalLine(at: .nan, "nowhere"), .text("lost", x: .infinity, y: 0),
      ])
    let found = try FoundXML(try figure.svg())
    for text in ["here", "limit", "kept"] { #expect(found.texts.contains(text)) }
    #expect(!found.texts.contains("nowhere") && !found.texts.contains("lost"))
    // The axis reaches the line.
    #expect(found.texts.contains { Double($0.filter { $0 != " " }) == 20 })
  }

  @Test func aPageCanHoldSeveralFigures() throws {
    let document = try Figure("One gpPt", series: [.points(x: x, y: x)]).svg()
    let (a, b) = (SVGDocument.element(document, idPrefix: "a"), SVGDocument.element(document, idPrefix: "b"))
    #expect(a.hasPrefix("<svg") && !a.contains("<?xml") && a.contains("One gpPt"))
    func ids(_ text: String) throws -> Set<String> { Set(try FoundXML(text).attributes.compactMap { $0["id"] }) }
    #expect(try !ids(a).isEmpty && ids(a).isDisjoint(with: ids(b)))
    #expect(a.contains("'#agpPt6'"))
  }
}
