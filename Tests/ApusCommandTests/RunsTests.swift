import Foundation
import Testing

@Suite struct RunsTests {
  /// Three runs, one of them a folder deeper.
  private func trained() throws -> Folder {
    let folder = try Folder()
    for (output, rest) in [
      ("runs/a", ["--epochs", "3"]), ("runs/b", ["--epochs", "2", "--learning-rate", "0.01", "--hidden", "24"]),
      ("runs/deep/c", ["--epochs", "1", "--seed", "4"]),
    ] {
      let outcome = try Apus.run(smallTraining + ["--output", output] + rest, in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    return folder
  }

  @Test func listsSortsAndCompares() throws {
    let folder = try trained()
    let report = try Apus.run(["runs", "--json", "--sort", "run"], in: folder).json()
    let runs = try #require(report["runs"] as? [[String: Any]])
    #expect(runs.map { $0["run"] as? String } == ["runs/a", "runs/b", "runs/deep/c"])
    #expect(runs.map { $0["epochs"] as? Int } == [3, 2, 1])
    #expect(runs.map { $0["learning_rate"] as? Double } == [0.001, 0.01, 0.001])
    #expect(runs[0]["parameters"] as? Int == 64 * 16 + 16 + 16 * 10 + 10)
    #expect(runs.allSatisfy { $0["is_finished"] as? Bool == true && ($0["seconds"] as? Double ?? 0) > 0 })
    let test = try #require(runs[0]["test"] as? [String: Any])
    let judged = try Apus.run(["evaluate", "runs/a", "--json"], in: folder).json()
    #expect(test["name"] as? String == "accuracy" && test["value"] as? Double == judged["test_accuracy"] as? Double)

    func names(_ sort: String) throws -> [String?] {
      let sorted = try Apus.run(["runs", "--json", "--sort", sort], in: folder).json()
      return (sorted["runs"] as? [[String: Any]] ?? []).map { $0["run"] as? String }
    }
    // The largest learning rate and network learn fastest in so few steps.
    #expect(try names("validation").first == "runs/b" && names("test").last == "runs/deep/c")
    #expect(try names("parameters").last == "runs/b" && names("learning-rate").last == "runs/b")
    #expect(try names("date") == ["runs/a", "runs/b", "runs/deep/c"])

    let text = try Apus.run(["runs"], in: folder)
    #expect(text.status == 0 && text.output.split(separator: "\n").count == 4)
    #expect(text.output.contains("runs/deep/c") && text.output.contains("accuracy 0."))

    let compared = try Apus.run(["runs", "--compare", "runs/a", "runs/b", "--json"], in: folder).json()
    let differences = try #require(compared["differences"] as? [[String: Any]])
    let settings = Dictionary(
      uniqueKeysWithValues: differences.map { ($0["setting"] as? String ?? "", $0["values"] as? [String] ?? []) })
    #expect(
      settings == [
        "epochs": ["3", "2"], "model.hidden": ["16", "24"],
        "optimization.optimizer.learning_rate": ["0.001", "0.01"],
      ])
    let results = try #require(compared["results"] as? [[String: Any]])
    let accuracy = try #require(results.first { $0["name"] as? String == "test accuracy" })
    #expect((accuracy["values"] as? [Double])?.first == judged["test_accuracy"] as? Double)
    let curves = try #require(compared["curves"] as? [[String: Any]])
    let losses = try #require(curves.first { $0["name"] as? String == "train loss" }?["values"] as? [[Double]])
    #expect(losses.map(\.count) == [3, 2] && losses[0][0] > losses[0][2])
    let side = try Apus.run(["runs", "--compare", "runs/a", "runs/b", "runs/deep/c"], in: folder)
    #expect(
      side.status == 0 && side.output.contains("optimization.optimizer.learning_rate") && side.output.contains("█"))
    #expect(side.output.contains("seed"))
  }

  @Test func damagedRunsAreNamedAndUnfinishedOnesListed() throws {
    let folder = try trained()
    try folder.write(Array("{".utf8), to: "runs/a/config.json")
    let cut = try folder.bytes("runs/b/metrics.jsonl").dropLast(20)
    try folder.write(Array(cut), to: "runs/b/metrics.jsonl")
    try FileManager.default.removeItem(atPath: folder.file("runs/deep/c/result.json"))
    let report = try Apus.run(["runs", "--json"], in: folder).json()
    let damaged = try #require(report["damaged"] as? [[String: Any]])
    #expect(damaged.map { $0["run"] as? String } == ["runs/a", "runs/b"])
    #expect((damaged[1]["problem"] as? String)?.contains("line 2 is damaged") == true)
    let runs = try #require(report["runs"] as? [[String: Any]])
    #expect(runs.count == 1 && runs[0]["is_finished"] as? Bool == false && runs[0]["test"] == nil)
    let text = try Apus.run(["runs"], in: folder)
    #expect(text.status == 0 && text.output.contains("damaged: runs/a"))
    // A result that is of an earlier end is not taken for that of a longer training.
    try FileManager.default.removeItem(atPath: folder.file("runs/a"))
    let again = try Apus.run(["runs", "--compare", "runs/b", "runs/deep/c"], in: folder)
    #expect(again.status == 1 && again.errorLines.count == 1 && again.errors.contains("metrics.jsonl"))
  }

  @Test func mistakesAreSentences() throws {
    let folder = try Folder()
    for (arguments, part) in [
      (["runs"], "runs: there is no such folder"), (["runs", "--sort", "speed"], "sort key"),
      (["runs", "--compare", "a"], "at least two runs"),
      (["runs", "--compare", "a", "b"], "there is no run in this folder"),
      (["runs", "a", "b"], "--compare"),
    ] {
      let outcome = try Apus.run(arguments, in: folder)
      #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains(part), "\(outcome.errors)")
    }
    try FileManager.default.createDirectory(atPath: folder.file("empty"), withIntermediateDirectories: true)
    let outcome = try Apus.run(["runs", "empty"], in: folder)
    #expect(outcome.status == 0 && outcome.output == "no runs in empty\n")
  }
}
