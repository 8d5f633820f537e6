import Apus

/// Files that the command adds to runs.
enum RunFiles {
  /// Writes the report of a run. A training has succeeded without it, so that whatever hinders one is only said.
  static func writeReport(of run: RunFolder, threads: Int) {
    do {
      try RunEnvironment(arguments: ["apus"] + CommandLine.arguments.dropFirst(), threads: threads).write(to: run)
      try RunReport.write(run: run.path)
    } catch {
      StandardStreams.error("apus: no report was written: " + Failure.sentence("\(error)") + "\n")
    }
  }
}
