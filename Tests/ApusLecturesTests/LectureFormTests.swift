import Apus
import ApusLectures
import Foundation
import Testing

/// The list of experiments, their tables and their files.
@Suite struct LectureFormTests {
  /// An experiment without work.
  private struct Nothing: LectureExperiment {
    let name = "nothing"
    let title = "Nothing at all"
    let source = "nowhere"

    func run(seed: UInt64) throws -> LectureResult {
      let figure = Figure("A line", series: [.line("y", x: [0, 1], y: [0, Double(seed)])])
      return LectureResult(
        tables: [LectureTable(["name", "x"], [["a", "10"], ["long", "2.5"]])], drawings: [.init("line", figure)],
        paragraph: "It shows nothing.",
        claims: [LectureClaim("ten is ten", when: true), LectureClaim("nothing is number 3", when: .nan == 3.0)],
        values: ["x": 10])
    }
  }

  @Test func namesAreDistinctAndFindTheirExperiment() {
    let names = Lectures.all.map(\.name)
    #expect(Set(names).count == names.count)
    for name in names { #expect(Lectures.named(name)?.name == name) }
    #expect(Lectures.named("all") == nil)
    for lecture in Lectures.all { #expect(lecture.source.contains("notes") || lecture.source.contains("slides")) }
  }

  /// The table of experiments in the documentation, and the titles that students look for.
  @Test func theDocumentationListsEveryExperiment() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("Documentation/Lectures.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let names = rows.prefix(Lectures.all.count).map { $0.dropFirst(3).prefix { $0 != "`" } }
    #expect(names.map(String.init) == Lectures.all.map(\.name))
    for row in rows.prefix(Lectures.all.count) {
      let seconds = row.split(separator: "|").last.flatMap { Double($0.filter { $0 != " " }) }
      #expect(try #require(seconds, "\(row)") < 60)
    }
  }

  @Test func tablesAlignTheFirstColumnLeftAndTheOthersRight() {
    let table = LectureTable(["name", "x"], [["a", "10"], ["long", "2.5"]])
    #expect(table.text == "name    x\na      10\nlong  2.5\n")
    #expect(table.markdown == "| name |   x |\n| ---- | --: |\n| a    |  10 |\n| long | 2.5 |\n")
  }

  @Test(arguments: LectureFolder.Format.allCases) func resultsBecomeAFolder(_ format: LectureFolder.Format) throws {
    let base = NSTemporaryDirectory() + "apus-lecture-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: base) }
    let lecture = Nothing()
    let folder = try LectureFolder(lecture, below: base, format: format)
    let files = try folder.write(try lecture.run(seed: 7), of: lecture, seed: 7)
    #expect(files == ["\(base)/nothing/result.md", "\(base)/nothing/line.\(format.rawValue)"])
    let text = try String(contentsOfFile: files[0], encoding: .utf8)
    for part in [
      "# Nothing at all", "nowhere", "--seed 7", "It shows nothing.", "| long | 2.5 |", "](line.\(format)",
      "- shown: ten is ten\n", "- **not shown**: nothing is number 3\n",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    let picture = try Data(contentsOf: URL(fileURLWithPath: files[1]))
    #expect(format == .png ? picture.starts(with: [0x89, 0x50, 0x4e, 0x47]) : picture.contains(0x3c))
  }

  @Test func aFileInTheWayIsOneSentence() throws {
    let base = NSTemporaryDirectory() + "apus-lecture-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: base) }
    try Data().write(to: URL(fileURLWithPath: base))
    #expect(throws: TrainingError.self) { try LectureFolder(Nothing(), below: base) }
  }
}
