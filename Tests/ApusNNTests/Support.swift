import ApusReference
import ApusTensor

/// Runs `body` with the executor that these tests use; switch it here.
func withExecutor<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Execution.$override.withValue(ReferenceExecutor()) { try body() }
}
