import Apus
import ApusCPU
import ApusCompiler
import ApusReference
import ApusTensor

/// An executor under test.
struct NamedExecutor: Sendable, CustomStringConvertible {
  var name: String
  var executor: any Executor

  var description: String { name }

  /// Runs `body` with this executor installed for the task.
  func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Execution.$override.withValue(executor) { try body() }
  }
}

/// The oracle.
let reference = NamedExecutor(name: "reference", executor: ReferenceExecutor())

private func compiled(_ name: String, threads: Int = 2, _ pipeline: Pipeline = Pipeline()) -> NamedExecutor {
  let backend = CPUBackend(options: CPUOptions(threads: threads))
  return NamedExecutor(name: name, executor: PlanExecutor(backend: backend, pipeline: pipeline))
}

/// Every executor that must agree with the reference and the golden files. Add one here and all tests cover it.
let executors: [NamedExecutor] = [
  reference,
  compiled("cpu"),
  compiled("cpu, one thread, unfused", threads: 1, Pipeline(fuses: false)),
  compiled("cpu, plain layouts", Pipeline(choosesLayouts: false)),
]
