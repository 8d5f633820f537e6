import ApusTensor

/// Runs a step whose random numbers depend on the seed and the number of the step alone.
///
/// Step 0 of a seed belongs to initial weights, training steps count from 1.
func withStepRandom<Result>(_ seed: UInt64, _ step: Int, _ body: () throws -> Result) rethrows -> Result {
  try withRandomSeed(seed, step: step + 1) { try body() }
}
