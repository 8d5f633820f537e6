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

/// Every executor that must agree with the reference and the golden files. Add one here and all tests cover it.
let executors: [NamedExecutor] = [reference]
