import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a user asks to see of the compiler, by environment variables.
///
/// - `APUS_DUMP=1` prints every plan's final graph on standard error, `APUS_DUMP=all` the graph after every pass,
///   `APUS_DUMP=FOLDER` writes both as text and DOT files into an existing folder.
/// - `APUS_EXPLAIN=1` prints a line for every plan built, with the reason.
/// - `APUS_PROFILE=1` measures every instruction; `apus bench` then prints the times by operation on standard error, a
///   program gets them from ``PlanExecutor/profileReport()``. `APUS_PROFILE=each` lists every instruction by itself.
package struct PlanDiagnostics: Sendable {
  package var dump: String?
  package var explains = false
  package var profiles = false
  package var listsEachInstruction = false
  private let previous = Previous()

  /// The last captured graph, to say what changed.
  ///
  /// `@unchecked Sendable`: used only under the graph lock.
  private final class Previous: @unchecked Sendable {
    var graphs: [Graph] = []
  }

  package init() {}

  package static func fromEnvironment() -> PlanDiagnostics {
    func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
    var diagnostics = PlanDiagnostics()
    diagnostics.dump = value("APUS_DUMP")
    diagnostics.explains = value("APUS_EXPLAIN") != nil
    diagnostics.profiles = value("APUS_PROFILE") != nil
    diagnostics.listsEachInstruction = value("APUS_PROFILE") == "each"
    return diagnostics
  }

  func passed(_ pass: String, _ graph: Graph, number: Int) {
    guard let dump else { return }
    if dump == "1" {
      if pass == "schedule" { printError("plan \(number + 1)\n\(graph)\n") }
    } else if dump == "all" {
      printError("plan \(number + 1) after \(pass)\n\(graph)\n")
    } else {
      let name = "\(dump)/plan\(number + 1)-\(pass.replacing(" ", with: "-"))"
      write(graph.description, to: name + ".txt")
      write(graph.dot, to: name + ".dot")
    }
  }

  func built(number: Int, captured: Graph, plan: Program, milliseconds: Double) {
    guard explains else { return }
    let time = (milliseconds * 10).rounded() / 10
    printError(
      "plan \(number): \(captured.nodes.count) operations became \(plan.instructionNames.count) kernels in \(time) ms, "
        + "arena \(plan.memory.arenaBytes / 1024) KiB (\(plan.memory.bytesWithoutReuse / 1024) KiB without reuse); "
        + reason(captured))
    previous.graphs.append(captured)
    if previous.graphs.count > 64 { previous.graphs.removeFirst() }
  }

  /// In what the graph differs from the most similar one seen before.
  private func reason(_ graph: Graph) -> String {
    let names = graph.nodes.map { $0.operation.name }
    var best: (difference: String, score: Int)?
    for earlier in previous.graphs {
      let earlierNames = earlier.nodes.map { $0.operation.name }
      guard earlierNames.count == names.count else { continue }
      guard let position = graph.nodes.indices.first(where: { Self.differs(graph.nodes[$0], earlier.nodes[$0]) }) else {
        continue
      }
      let (new, old) = (graph.nodes[position], earlier.nodes[position])
      let text =
        "differs from an earlier plan at %\(position): \(old.operation.name) \(old.operation.attributeText) "
        + "\(old.types) became \(new.operation.name) \(new.operation.attributeText) \(new.types)"
      if best.map({ $0.score < position }) ?? true { best = (text, position) }
    }
    return best?.difference ?? "no earlier graph has this many operations"
  }

  private static func differs(_ a: Graph.Node, _ b: Graph.Node) -> Bool {
    a.operation.name != b.operation.name || a.types != b.types || a.inputs != b.inputs
      || a.operation.attributeText != b.operation.attributeText
  }

  /// A table of time by operation, with the rate of convolutions and products as if all were done the direct way.
  func profile(_ program: Program, _ nanoseconds: [UInt64], replays: Int) -> String {
    var byName: [String: (time: UInt64, count: Int, work: Int)] = [:]
    let types = listsEachInstruction ? program.instructionTypes : []
    for (index, operation) in program.instructionNames.enumerated() {
      let name = listsEachInstruction ? "\(operation) \(types[index])" : operation
      byName[name, default: (0, 0, 0)].time += nanoseconds[index]
      byName[name, default: (0, 0, 0)].count += 1
      byName[name, default: (0, 0, 0)].work += program.instructionWork[index]
    }
    let total = max(nanoseconds.reduce(0, +), 1)
    func microseconds(_ time: UInt64) -> Double { (Double(time) / Double(replays) / 100).rounded() / 10 }
    func rate(_ work: Int, _ time: UInt64) -> String {
      work == 0 ? "" : ", \(Int(2 * Double(work) * Double(replays) / Double(max(time, 1)))) GFLOP/s"
    }
    var lines = [
      "\(replays) replays, \(microseconds(total)) us each in kernels\(rate(program.instructionWork.reduce(0, +), total))"
    ]
    for (name, entry) in byName.sorted(by: { $0.value.time > $1.value.time }) {
      let share = (Double(entry.time) / Double(total) * 1000).rounded() / 10
      lines.append(
        "  \(share) %  \(microseconds(entry.time)) us  \(entry.count) x \(name)\(rate(entry.work, entry.time))")
    }
    return lines.joined(separator: "\n")
  }

  private func write(_ text: String, to path: String) {
    guard let file = fopen(path, "w") else {
      printError("APUS_DUMP: cannot write \(path); name an existing folder, 1 or all")
      return
    }
    fputs(text + "\n", file)
    fclose(file)
  }

  private func printError(_ text: String) {
    let line = text + "\n"
    line.withCString { _ = systemWrite(2, $0, strlen($0)) }
  }
}

/// The system call, under a name that the type's own `write` does not hide.
private func systemWrite(_ file: Int32, _ bytes: UnsafePointer<CChar>, _ count: Int) -> Int {
  write(file, bytes, count)
}
