import ApusCPU
import ApusTensor

/// Runs `body` on plans compiled for the CPU, what users run; ConformanceTests compare them with the reference.
func withExecutor<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Execution.$override.withValue(CPUExecutor.make()) { try body() }
}
