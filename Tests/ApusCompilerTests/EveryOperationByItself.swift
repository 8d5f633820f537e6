import Testing

@testable import ApusCPU
@testable import ApusCompiler
@testable import ApusTensor

/// Compares what a computation gives with merged operations on two threads with what it gives with every operation by itself.
func expectSameAsEveryOperationByItself(within limit: Float, _ results: () -> [[Float]]) {
  let plain = PlanExecutor(backend: CPUBackend(options: CPUOptions(threads: 1)), pipeline: Pipeline(fuses: false))
  let expected = Execution.$override.withValue(plain) { results() }
  let merged = Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 2))) { results() }
  #expect(merged.count == expected.count)
  for (found, wanted) in zip(merged, expected) {
    let size = wanted.map(abs).max() ?? 0
    let furthest = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
    #expect(furthest <= limit * (size + 1), "of \(wanted.count) numbers up to \(size)")
  }
}
