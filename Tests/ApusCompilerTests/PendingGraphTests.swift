import Apus
import ApusCompiler
import Testing

/// A loop that nobody reads must neither eat memory nor overflow the stack when it is released.
@Test func longChainsAreComputedOnTheWay() {
  let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
  Execution.$override.withValue(executor) {
    var x = Tensor([1.0 as Float, 2])
    for _ in 0..<10_000 { x = x * 0.5 + 1 }
    #expect(executor.statistics.replays >= 4)  // 20,000 operations, at most 4,000 in a chain
    #expect(executor.statistics.compiledPlans <= 3)  // every piece has the same structure
    #expect(x.scalars(as: Float.self) == [2, 2])
    // Dropped without being read.
    var y = x
    for _ in 0..<3_900 { y = y + 1 }
  }
}

/// The cache keeps the plans used last and no more than its limit.
@Test func plansAreBounded() {
  let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
  Execution.$override.withValue(executor) {
    for size in 1...(PlanExecutor.mostPlans + 50) {
      #expect((Tensor([Float](repeating: 1, count: size)) + 1).sum().item() == Double(2 * size))
    }
    #expect(executor.statistics.compiledPlans == PlanExecutor.mostPlans + 50)
    #expect(executor.statistics.cachedPlans <= PlanExecutor.mostPlans)
  }
}

/// Numbers written in the program, other than a few special ones, are bound when a plan is replayed.
@Test func changingNumbersNeverMakesANewPlan() {
  let executor = CPUExecutor.make(options: CPUOptions(threads: 1))
  Execution.$override.withValue(executor) {
    let x = Tensor([1.0 as Float, 2])
    for rate in [0.1, 0.25, 3.5, -7] {
      #expect((x * rate).scalars(as: Float.self) == [Float(rate), Float(2 * rate)])
    }
    #expect(executor.statistics.compiledPlans == 1)
    // 1 is special: multiplying by it disappears, in a plan of its own.
    #expect((x * 1).scalars(as: Float.self) == [1, 2])
    #expect(executor.statistics.compiledPlans == 2)
  }
}

/// Reading a value inside a gradient must not cut the graph the gradient still has to walk.
@Test func readingInsideAGradientKeepsTheGraph() {
  Execution.$override.withValue(CPUExecutor.make(options: CPUOptions(threads: 1))) {
    var seen = 0.0
    let g = gradient(at: Tensor([3.0 as Float])) { x in
      let y = x * x
      seen = y.sum().item()
      return (y * x).sum()
    }
    #expect(seen == 9)
    #expect(g.scalars(as: Float.self) == [27])
  }
}
