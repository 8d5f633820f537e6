import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Random numbers for initial values, drawn on the host: Philox4x32-10 keyed by seed and stream.
///
/// Reference: Parallel Random Numbers: As Easy as 1, 2, 3; Salmon, Moraes, Dror, Shaw; 2011.
struct InitialRandom {
  private let key: (UInt32, UInt32)
  private let stream: UInt64
  private var position: UInt64 = 0

  init(seed: UInt64, stream: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.stream = stream
  }

  /// The numbers for the next initial value of this task.
  static func next() -> InitialRandom { InitialRandom(seed: 0, stream: 0) }

  /// Numbers in a range, each with 53 random bits.
  mutating func uniform(_ count: Int, _ range: ClosedRange<Double>) -> [Double] {
    let width = range.upperBound - range.lowerBound
    return draw(count) { range.lowerBound + width * $0 }
  }

  /// Standard normal numbers (Box and Muller, 1958).
  mutating func normal(_ count: Int) -> [Double] {
    let unit = draw(count + count % 2) { $0 }
    var result: [Double] = []
    result.reserveCapacity(unit.count)
    for pair in stride(from: 0, to: unit.count, by: 2) {
      let radius = sqrt(-2 * log(1 - unit[pair]))
      let angle = 2 * Double.pi * unit[pair + 1]
      result.append(radius * cos(angle))
      result.append(radius * sin(angle))
    }
    return Array(result.prefix(count))
  }

  private mutating func draw(_ count: Int, _ body: (Double) -> Double) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(count + 1)
    while result.count < count {
      let bits = block()
      result.append(body(Self.unit(bits.0, bits.1)))
      result.append(body(Self.unit(bits.2, bits.3)))
    }
    return result.count > count ? Array(result.prefix(count)) : result
  }

  private static func unit(_ low: UInt32, _ high: UInt32) -> Double {
    Double((UInt64(high) << 32 | UInt64(low)) >> 11) * 0x1p-53
  }

  private mutating func block() -> (UInt32, UInt32, UInt32, UInt32) {
    var x = (
      UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
    )
    position &+= 1
    var k = key
    for _ in 0..<10 {
      let a = UInt64(0xd251_1f53) &* UInt64(x.0)
      let b = UInt64(0xcd9e_8d57) &* UInt64(x.2)
      x = (
        UInt32(truncatingIfNeeded: b >> 32) ^ x.1 ^ k.0, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ x.3 ^ k.1, UInt32(truncatingIfNeeded: a)
      )
      k = (k.0 &+ 0x9e37_79b9, k.1 &+ 0xbb67_ae85)
    }
    return x
  }
}
