import ApusReference
import ApusTensor
import Testing

private func onReference<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Execution.$override.withValue(ReferenceExecutor()) { try body() }
}

/// The known answers that the authors of Philox publish with Random123.
@Test func philoxGivesItsKnownAnswers() {
  let zero = Philox(seed: 0, stream: 0).block(0)
  #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
  let ones = Philox(seed: .max, stream: .max).block(.max)
  #expect(ones == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
  let digits = Philox(seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344_1319_8a2e).block(0x85a3_08d3_243f_6a88)
  #expect(digits == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
}

@Test func aSeedGivesTheSameNumbersAndStepsGiveOthers() {
  onReference {
    func draw(_ seed: UInt64, _ step: Int) -> [Float] {
      withRandomSeed(seed, step: step) {
        concatenate([Tensor.randomUniform([4]), Tensor.randomNormal([4])]).scalars(as: Float.self)
      }
    }
    #expect(draw(1, 0) == draw(1, 0))
    #expect(draw(1, 0) != draw(1, 1))
    #expect(draw(1, 0) != draw(2, 0))
    let two = withRandomSeed(3) { [Tensor.randomUniform([4]), Tensor.randomUniform([4])] }
    #expect(two[0].scalars(as: Float.self) != two[1].scalars(as: Float.self))
    let free = [Tensor.randomUniform([4]), Tensor.randomUniform([4])]
    #expect(free[0].scalars(as: Float.self) != free[1].scalars(as: Float.self))
    let same = [Tensor.randomNormal([4], seed: 9), Tensor.randomNormal([4], seed: 9)]
    #expect(same[0].scalars(as: Float.self) == same[1].scalars(as: Float.self))
    // The first elements do not depend on how many are drawn.
    let few = Tensor.randomNormal([3], seed: 9).scalars(as: Float.self)
    #expect(few == Array(same[0].scalars(as: Float.self).prefix(3)))
  }
}

@Test func aNewSeedOrStepIsNotANewOperation() {
  func key(_ tensor: Tensor) -> PlanKey {
    var key = PlanKey()
    tensor.node.operation.encode(into: &key)
    return key
  }
  let first = withRandomSeed(1, step: 1) { Tensor.randomUniform([4]) }
  let second = withRandomSeed(2, step: 5) { Tensor.randomUniform([4]) }
  #expect(key(first) == key(second))
  #expect(key(Tensor.randomUniform([4])) == key(Tensor.randomUniform([4])))
}

@Test func streamsOfAllStepsAreDistinct() {
  var seen: Set<UInt64> = []
  for step in -3..<300 {
    for stream in 0..<100 { seen.insert(RandomStream.identifier(step: Int64(step), stream: stream)) }
  }
  #expect(seen.count == 303 * 100)
}

@Test func distributionsHaveTheirMoments() {
  onReference {
    let count = 20_000
    for dtype in [DType.float32, .float64] {
      let uniform = Tensor.randomUniform([count], in: -1..<3, dtype: dtype, seed: 5)
      #expect(Swift.abs(uniform.mean().item() - 1) < 0.03)
      #expect(Swift.abs(uniform.variance().item() - 16.0 / 12) < 0.03)
      #expect(uniform.min().item() >= -1 && uniform.max().item() <= 3)
      let normal = Tensor.randomNormal([count], mean: 2, standardDeviation: 3, dtype: dtype, seed: 6)
      #expect(Swift.abs(normal.mean().item() - 2) < 0.07)
      #expect(Swift.abs(normal.standardDeviation().item() - 3) < 0.06)
    }
    let coin = Tensor.randomBernoulli([count], probability: 0.3, seed: 7)
    #expect(coin.dtype == .bool)
    #expect(Swift.abs(coin.cast(to: .float64).mean().item() - 0.3) < 0.012)
    #expect(!Tensor.randomBernoulli([100], probability: 0, seed: 1).any().scalars(as: Bool.self)[0])
    #expect(Tensor.randomBernoulli([100], probability: 1, seed: 1).all().scalars(as: Bool.self)[0])
    let dice = Tensor.randomIntegers([6000], in: 1..<7, seed: 8).scalars(as: Int64.self)
    for face in Int64(1)...6 { #expect(Swift.abs(dice.count { $0 == face } - 1000) < 120) }
    let order = Tensor.randomPermutation(100, seed: 3).scalars(as: Int64.self)
    #expect(order != Array(0..<100))
    #expect(order.sorted() == Array(0..<100))
  }
}
