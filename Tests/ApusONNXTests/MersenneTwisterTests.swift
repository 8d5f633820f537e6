import Testing

@testable import ApusONNX

@Suite struct MersenneTwisterTests {
  /// The words are NumPy's `RandomState(seed)._bit_generator.random_raw`; those of 5489 are the authors' own, and the
  /// 10,000th is in the standard of C++.
  @Test(arguments: [
    (UInt32(0), [UInt32(2_357_136_044), 2_546_248_239, 3_071_714_933], UInt32(1_543_171_712)),
    (5489, [3_499_211_612, 581_869_302, 3_890_346_734], 4_123_659_995),
    (.max, [419_326_371, 479_346_978, 3_918_654_476], 1_117_955_853),
  ]) func wordsAreNumPys(seed: UInt32, first: [UInt32], tenThousandth: UInt32) {
    var random = MersenneTwister(seed: seed)
    let words = (0..<10_000).map { _ in random.next() }
    #expect(Array(words.prefix(3)) == first)
    #expect(words.last == tenThousandth)
  }

  /// NumPy's `RandomState(seed).random_sample(1000)`, all 53 bits.
  @Test func numbersAreNumPys() {
    var random = MersenneTwister(seed: 5489)
    let numbers = (0..<1000).map { _ in random.nextDouble() }
    #expect(Array(numbers.prefix(3)) == [0.8147236863931789, 0.9057919370756192, 0.12698681629350606])
    #expect(numbers.last == 0.8667498969993187)
  }
}
