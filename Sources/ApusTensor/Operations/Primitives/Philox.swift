#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2,
/// 3. SC'11), with the element mapping of `apus_random.h`: word `i` of a stream is word `i % 4` of block `i / 4`.
package struct Philox: Sendable {
  /// The key.
  package var seed: UInt64
  /// The upper half of the counter.
  package var stream: UInt64

  package init(seed: UInt64, stream: UInt64) {
    self.seed = seed
    self.stream = stream
  }

  /// The four words of a block.
  package func block(_ index: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
    var c0 = UInt32(truncatingIfNeeded: index)
    var c1 = UInt32(truncatingIfNeeded: index >> 32)
    var c2 = UInt32(truncatingIfNeeded: stream)
    var c3 = UInt32(truncatingIfNeeded: stream >> 32)
    var k0 = UInt32(truncatingIfNeeded: seed)
    var k1 = UInt32(truncatingIfNeeded: seed >> 32)
    for _ in 0..<10 {
      let p0 = UInt64(c0) * 0xD251_1F53
      let p1 = UInt64(c2) * 0xCD9E_8D57
      c0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
      c1 = UInt32(truncatingIfNeeded: p1)
      c2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
      c3 = UInt32(truncatingIfNeeded: p0)
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  /// The first words of the stream.
  package func words(_ count: Int) -> [UInt32] {
    var words: [UInt32] = []
    words.reserveCapacity(count + 3)
    for index in 0..<UInt64((count + 3) / 4) {
      let (a, b, c, d) = block(index)
      words += [a, b, c, d]
    }
    return Array(words.prefix(count))
  }

  /// Uniform values in [0, 1): `(word i >> 8) * 2^-24` in single, `(word 2i << 21 | word 2i+1 >> 11) * 2^-53` in double
  /// precision.
  package func uniform(_ count: Int, double: Bool) -> [Double] {
    if !double { return words(count).map { Double($0 >> 8) * 0x1p-24 } }
    let words = words(2 * count)
    return (0..<count).map { Double(UInt64(words[2 * $0]) << 21 | UInt64(words[2 * $0 + 1] >> 11)) * 0x1p-53 }
  }

  /// Standard normal values by Box and Muller: with `v` uniform, elements 2p and 2p + 1 are
  /// `sqrt(-2 log(1 - v[2p]))` times the cosine and the sine of `2 pi v[2p + 1]`.
  package func normal(_ count: Int, double: Bool) -> [Double] {
    let v = uniform((count + 1) / 2 * 2, double: double)
    let values = (0..<v.count).map { index -> Double in
      let radius = sqrt(-2 * log(1 - v[index & ~1]))
      let angle = 2 * Double.pi * v[index | 1]
      return radius * (index & 1 == 0 ? cos(angle) : sin(angle))
    }
    return Array(values.prefix(count))
  }
}

/// Names the streams of random numbers.
package enum RandomStream {
  /// The 64-bit stream of one operation in one step: both numbers mixed as SplitMix64 does (Steele, Lea, Flood: Fast
  /// splittable pseudorandom number generators. OOPSLA'14), so that no two steps or operations share one.
  ///
  /// With `mix` the finalizer of SplitMix64 and g = 0x9E3779B97F4A7C15, it is `mix(mix(step + g) + stream * g)`, modulo
  /// 2^64: for one step distinct streams give distinct identifiers, because each part is a bijection.
  package static func identifier(step: Int64, stream: Int) -> UInt64 {
    let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
    let first = mix(UInt64(bitPattern: step) &+ golden)
    return mix(first &+ UInt64(bitPattern: Int64(stream)) &* golden)
  }

  private static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
