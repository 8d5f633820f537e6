import Foundation
import Testing

@Suite struct ReportTests {
  private let training = ["train", "mlp", "--data", "digits", "--hidden", "8", "--epochs", "1", "--output", "run"]

  @Test func trainingEndsWithAReport() throws {
    let folder = try Folder()
    let outcome = try Apus.run(training + ["--seed", "5", "--threads", "1", "--json"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    _ = try outcome.json()
    #expect(!outcome.errors.contains("apus:"))
    let page = String(decoding: try folder.bytes("run/report.html"), as: UTF8.self)
    #expect(
      page.contains("apus train mlp --data digits --hidden 8 --epochs 1 --output run --seed 5 --threads 1 --json"))
    #expect(folder.files().contains("run/plots/loss.svg"))

    // The command makes the same report again.
    let again = try Apus.run(["report", "run", "--output", "page.html", "--threads", "1", "--json"], in: folder)
    let report = try again.json()
    #expect(report["page"] as? String == "page.html")
    #expect((report["plots"] as? [String])?.contains("run/plots/confusion.svg") == true)
    #expect(try folder.bytes("page.html") == Array(page.utf8))
  }

  @Test func noReportWritesNone() throws {
    let folder = try Folder()
    #expect(try Apus.run(training + ["--no-report"], in: folder).status == 0)
    #expect(!folder.files().contains { $0.hasSuffix(".html") || $0.hasSuffix(".svg") })
  }

  @Test func missingGnuplotHindersNoTraining() throws {
    let folder = try Folder()
    // The command itself is started by its path.
    let outcome = try Apus.run(training, in: folder, shell: "PATH=\(folder.path)/nothing")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let notices = outcome.errorLines.filter { $0.hasPrefix("apus: ") }
    #expect(
      notices == [
        "apus: no report was written: gnuplot: is not installed, and figures are drawn by it; install it with: "
          + "apt-get install gnuplot-nox."
      ])
    #expect(folder.files().contains("run/model.safetensors") && !folder.files().contains("run/report.html"))
    let report = try Apus.run(["report", "run"], in: folder, shell: "PATH=\(folder.path)/nothing")
    #expect(report.status == 1 && report.output.isEmpty && report.errorLines.count == 1)
    #expect(report.errors.contains("apt-get install gnuplot-nox"))
  }

  @Test func mistakesAreOneSentence() throws {
    let folder = try Folder()
    for (arguments, word) in [
      (["report", "nowhere"], "there is no run"), (["report"], "run"),
      (["report", "run", "--outptu", "x"], "--output"),
    ] {
      let outcome = try Apus.run(arguments, in: folder)
      #expect(outcome.status != 0 && outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains(word), "\(outcome.errors)")
    }
    #expect(try Apus.run(training + ["--no-report"], in: folder).status == 0)
    let outcome = try Apus.run(["report", "run", "--output", "none/page.html"], in: folder)
    #expect(outcome.status == 1 && outcome.errors.contains("none/page.html: cannot be written"))
  }
}
