import Foundation
import Testing

/// `apus lecture`
@Suite struct LectureTests {
  @Test func withoutANameItListsTheExperiments() throws {
    let folder = try Folder()
    let text = try Apus.run(["lecture"], in: folder)
    #expect(text.status == 0)
    let listed = try #require(try Apus.run(["lecture", "--json"], in: folder).json()["lectures"] as? [[String: Any]])
    #expect(listed.count >= 8)
    for entry in listed { #expect(text.output.contains(try #require(entry["title"] as? String))) }
    #expect(folder.files().isEmpty)
  }

  @Test func anExperimentPrintsItsNumbersAndWritesItsFiles() throws {
    let folder = try Folder()
    let outcome = try Apus.run(["lecture", "activations", "--output", "shown"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    for part in ["section 2.1", "leaky ReLU", "shown      the derivatives are", "shown/activations/figure-2.svg"] {
      #expect(outcome.output.contains(part))
    }
    let names = ["figure-2.svg", "figure-3.svg", "result.md"].map { "shown/activations/" + $0 }
    #expect(Set(folder.files()) == Set(["shown", "shown/activations"] + names))

    let report = try Apus.run(["lecture", "equations", "--seed", "5", "--json"], in: folder).json()
    #expect(report["seed"] as? Int == 5)
    let entry = try #require((report["lectures"] as? [[String: Any]])?.first)
    let values = try #require(entry["values"] as? [String: Double])
    #expect(try #require(values["largest_difference"]) < 1e-12)
    let claims = try #require(entry["claims"] as? [[String: Any]])
    #expect(claims.compactMap { $0["shown"] as? Bool } == [true, true, true, true, true, true, false])
    for file in try #require(entry["files"] as? [String]) { #expect(folder.files().contains(file)) }
  }

  @Test func missingGnuplotLosesNoNumbers() throws {
    let folder = try Folder()
    let outcome = try Apus.run(["lecture", "activations"], in: folder, shell: "PATH=\(folder.path)/nothing")
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.count == 1 && outcome.errors.contains("apt-get install gnuplot-nox"))
    #expect(outcome.output.contains("hard threshold") && outcome.output.contains("no figures"))
    #expect(folder.files().contains("lecture/activations/result.md"))
  }

  @Test func theSameSeedGivesTheSameNumbers() throws {
    let folder = try Folder()
    func values(_ seed: String) throws -> [String: Double] {
      let report = try Apus.run(["lecture", "equations", "--seed", seed, "--json"], in: folder).json()
      return try #require((report["lectures"] as? [[String: Any]])?.first?["values"] as? [String: Double])
    }
    #expect(try values("2") == values("2"))
    #expect(try values("2") != values("3"))
  }
}
