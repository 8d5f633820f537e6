/// The random numbers of NumPy's `RandomState`: MT19937 (Matsumoto, Nishimura: Mersenne twister: a 623-dimensionally
/// equidistributed uniform pseudo-random number generator, 1998).
///
/// ONNX defines what its random operators draw from a seed by NumPy. Apus draws its own numbers with `Philox`.
struct MersenneTwister {
  private static let length = 624
  private var state: [UInt32]
  private var place = MersenneTwister.length

  /// The state that `numpy.random.seed` makes of a number.
  init(seed: UInt32) {
    state = [seed]
    state.reserveCapacity(Self.length)
    var word = seed
    for index in 1..<UInt32(Self.length) {
      word = 1_812_433_253 &* (word ^ word >> 30) &+ index
      state.append(word)
    }
  }

  /// The next 32 bits.
  mutating func next() -> UInt32 {
    if place == Self.length { renew() }
    var word = state[place]
    place += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  /// The next number from 0 to below 1, of 53 bits.
  mutating func nextDouble() -> Double {
    let (high, low) = (next() >> 5, next() >> 6)
    return (Double(high) * 67_108_864 + Double(low)) / 9_007_199_254_740_992
  }

  private mutating func renew() {
    for index in 0..<Self.length {
      let joined = state[index] & 0x8000_0000 | state[(index + 1) % Self.length] & 0x7fff_ffff
      state[index] = state[(index + 397) % Self.length] ^ joined >> 1 ^ (joined & 1 == 0 ? 0 : 0x9908_b0df)
    }
    place = 0
  }
}
