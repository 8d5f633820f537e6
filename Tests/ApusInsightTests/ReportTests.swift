import Apus
import Foundation
import Testing

@testable import ApusInsight

@Suite struct ReportTests {
  @Test func pageHoldsTheNumbersOfTheRun() throws {
    let folder = try TemporaryFolder()
    let run = try makeRun(in: folder)
    let report = try RunReport.write(run: run)
    #expect(report.page == run + "/report.html")
    let page = try folder.text("run/report.html")

    // The numbers of the epochs, read without the code under test.
    let lines = try folder.text("run/metrics.jsonl").split(separator: "\n")
    #expect(lines.count == 3)
    for line in lines {
      let record = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      for key in ["train_loss", "validation_loss"] {
        let value = try #require(record[key] as? Double)
        #expect(page.contains(">" + String(format: "%.4f", value) + "<"), "\(key) \(value)")
      }
      for key in ["train_accuracy", "validation_accuracy"] {
        let value = try #require(record[key] as? Double)
        #expect(page.contains(">" + String(format: "%.2f %%", value * 100) + "<"), "\(key) \(value)")
      }
    }
    let evaluation = try SavedRun(run).evaluate(on: nil)
    let accuracy = try #require(evaluation.testAccuracy)
    #expect(page.contains("<b>" + String(format: "%.2f %%", accuracy * 100) + "</b>"))
    for entry in evaluation.perClass {
      let (precision, recall) = (String(format: "%.4f", entry.precision), String(format: "%.4f", entry.recall))
      #expect(
        page.contains(
          "<td>\(entry.name)</td><td class=\"number\">\(precision)</td><td class=\"number\">\(recall)</td>"))
    }
    for text in [
      "learning rate", "batch size", "1\u{a0}×\u{a0}12", "dense1.weight", "How to reproduce", "apus train mlp",
    ] {
      #expect(page.contains(text), "\(text)")
    }
  }

  @Test func pageNeedsNothingElse() throws {
    let folder = try TemporaryFolder()
    let report = try RunReport.write(run: makeRun(in: folder, epochs: 1), to: folder.file("page.html"))
    #expect(report.page == folder.file("page.html"))
    #expect(!folder.names("run").contains("report.html"))
    let page = try folder.text("page.html")
    #expect(page.contains("name=\"viewport\"") && page.contains("prefers-color-scheme: dark"))
    for word in ["<script", "<link", "<iframe", "@import", "url(", "src="] { #expect(!page.contains(word), "\(word)") }
    // Addresses are names of XML, and pictures are part of the page.
    for part in page.split(separator: "http").dropFirst() { #expect(part.hasPrefix("://www.w3.org/")) }
    for part in page.split(separator: "xlink:href='").dropFirst() {
      #expect(part.hasPrefix("#") || part.hasPrefix("data:image/png;base64,"))
    }
    // Marks have one name each.
    let ids = page.split(separator: "id='").dropFirst().map { $0.prefix { $0 != "'" } }
    #expect(Set(ids).count == ids.count && !ids.isEmpty)
  }

  @Test func everyFigureIsAFileOfTheRun() throws {
    let folder = try TemporaryFolder()
    let report = try RunReport.write(run: makeRun(in: folder))
    let names = folder.names("run/plots")
    #expect(Set(report.plots.map { ($0 as NSString).lastPathComponent }) == Set(names))
    for name in ["loss", "accuracy", "confusion", "wrong", "right", "weights-dense1.weight"] {
      #expect(names.contains(name + ".svg"), "\(name) is not among \(names)")
    }
    for name in names { #expect(try !texts(ofSVG: folder.text("run/plots/" + name)).isEmpty) }
    let loss = try texts(ofSVG: folder.text("run/plots/loss.svg"))
    for text in ["Loss", "epoch", "training", "validation"] { #expect(loss.contains(text)) }
    // Every count of the confusion matrix that is not 0 stands in its cell.
    let counts = try #require(try SavedRun(folder.file("run")).evaluate(on: nil).confusionMatrix)
    let confusion = try texts(ofSVG: folder.text("run/plots/confusion.svg"))
    let labels = 2 * counts.count + 3
    #expect(confusion.count == labels + counts.joined().count { $0 > 0 })
  }

  @Test func aRunUnderWayIsReportedAsFarAsItIs() throws {
    let folder = try TemporaryFolder()
    let run = try makeRun(in: folder)
    try FileManager.default.removeItem(atPath: run + "/model.safetensors")
    try RunReport.write(run: run)
    #expect(try folder.text("run/report.html").contains("not finished"))
    for name in folder.names("run") where name.hasSuffix(".safetensors") || name == "metrics.jsonl" {
      try FileManager.default.removeItem(atPath: run + "/" + name)
    }
    try RunReport.write(run: run)
    let page = try folder.text("run/report.html")
    #expect(page.contains("holds no weights yet") && page.contains("Configuration"))
    let error = #expect(throws: TrainingError.self) { try RunReport.write(run: folder.file("nowhere")) }
    #expect(error?.description.contains("there is no run") == true)
  }

  @Test func foreignTextIsNoMarkUp() throws {
    let folder = try TemporaryFolder()
    let run = try makeRun(in: folder)
    let hostile = "<script>alert('1')</script>&\"`touch x`"
    let configuration = try folder.text("run/config.json")
    let quoted = "\"<script>alert('1')</script>&\\\"`touch x`\""
    let changed = configuration.replacingOccurrences(of: "\"digits\"", with: quoted)
      .replacingOccurrences(of: "\"7\"", with: quoted)
    #expect(changed != configuration)
    try changed.write(toFile: run + "/config.json", atomically: true, encoding: .utf8)
    try RunEnvironment(arguments: ["apus", "train", hostile, "it's"], threads: 3).write(to: RunFolder(run))
    try RunReport.write(run: run)
    let page = try folder.text("run/report.html")
    #expect(!page.contains("<script"))
    #expect(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;`touch x`"))
    #expect(page.contains("could not be judged"))
    // The command is quoted for a shell, then escaped.
    #expect(page.contains("&#39;it&#39;\\&#39;&#39;s&#39;"))
  }

  @Test func placesThatCannotBeWrittenAreNamed() throws {
    let folder = try TemporaryFolder()
    let run = try makeRun(in: folder, epochs: 1)
    let error = #expect(throws: FormatError.self) { try RunReport.write(run: run, to: folder.file("none/a.html")) }
    #expect(error?.description.contains("none/a.html: cannot be written") == true)
    try FileManager.default.removeItem(atPath: run + "/plots")
    try "a file".write(toFile: run + "/plots", atomically: true, encoding: .utf8)
    let second = #expect(throws: TrainingError.self) { try RunReport.write(run: run) }
    #expect(second?.description.contains("/plots: the folder") == true)
  }

  @Test func environmentOfTheBeginningIsKept() throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(try makeRun(in: folder, epochs: 1))
    try RunEnvironment(arguments: ["apus", "train", "mlp", "--data", "my data.npz"], threads: 2).write(to: run)
    try RunEnvironment(arguments: ["apus", "train", "--resume"], threads: 1).write(to: run)
    let kept = try RunEnvironment.read(run, RunConfiguration.read(run))
    #expect(kept.command == "apus train mlp --data 'my data.npz'" && kept.threads == 2)
    #expect(kept.processors >= 1 && !kept.system.isEmpty)
    try "{".write(toFile: run.path + "/environment.json", atomically: true, encoding: .utf8)
    #expect(throws: TrainingError.self) { try RunReport.write(run: run.path) }
  }

  @Test func htmlKeepsNothingThatIsMarkUp() {
    #expect(HTML.escaped("<a href='x'>\"&\u{0}\u{1b}é") == "&lt;a href=&#39;x&#39;&gt;&quot;&amp;é")
  }
}
