import Foundation
import Testing

/// What a user can see of the compiler, by environment variables.
@Suite struct DiagnosticsTests {
  private let train = ["train", "mlp", "--data", "digits", "--epochs", "1", "--batch-size", "100", "--hidden", "8"]

  @Test func explainSaysWhyPlansWereBuilt() throws {
    let folder = try Folder()
    let outcome = try Apus.run(train, in: folder, shell: "export APUS_EXPLAIN=1")
    #expect(outcome.status == 0)
    let lines = outcome.errorLines.filter { $0.hasPrefix("plan ") }
    #expect(lines.first?.contains("kernels in") == true)
    // The last batch of an epoch is smaller: the line names what became different.
    #expect(lines.contains { $0.contains("differs from an earlier plan") && $0.contains("became input") })
  }

  @Test func dumpWritesGraphsAsTextAndDot() throws {
    let folder = try Folder()
    let outcome = try Apus.run(train, in: folder, shell: "mkdir plans; export APUS_DUMP=plans")
    #expect(outcome.status == 0)
    let text = String(decoding: try folder.bytes("plans/plan1-captured.txt"), as: UTF8.self)
    #expect(text.contains("matmul("))
    let dot = String(decoding: try folder.bytes("plans/plan1-schedule.dot"), as: UTF8.self)
    #expect(dot.hasPrefix("digraph plan {"))
    #expect(dot.contains("fused"))
  }
}
