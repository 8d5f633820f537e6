/// Random numbers that are a pure function of (seed, stream, position): Philox4x32-10.
///
/// The key is the seed; the counter holds the position in its lower and the stream in its upper half.
///
/// Reference: Parallel Random Numbers: As Easy as 1, 2, 3; Salmon, Moraes, Dror, Shaw; 2011;
/// https://doi.org/10.1145/2063384.2063405
public struct PhiloxGenerator: RandomNumberGenerator, Sendable {
  private let key: (UInt32, UInt32)
  private let stream: UInt64
  private var position: UInt64 = 0
  private var spare: UInt64?

  /// The generator of a stream under a seed.
  public init(seed: UInt64, stream: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.stream = stream
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    if let value = spare {
      spare = nil
      return value
    }
    let counter = (
      UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
    )
    position &+= 1
    let block = Self.block(counter: counter, key: key)
    spare = UInt64(block.3) << 32 | UInt64(block.2)
    return UInt64(block.1) << 32 | UInt64(block.0)
  }

  /// A permutation of `0..<count`, each equally likely (Fisher-Yates).
  ///
  /// - Precondition: `count` is less than 2^32.
  public mutating func permutation(of count: Int) -> [UInt32] {
    precondition(count >= 0 && count <= Int(UInt32.max), "cannot permute \(count) elements")
    var order = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer.initializeElement(at: index, to: UInt32(truncatingIfNeeded: index)) }
      initialized = count
    }
    guard count > 1 else { return order }
    order.withUnsafeMutableBufferPointer { buffer in
      for last in stride(from: count - 1, to: 0, by: -1) {
        buffer.swapAt(last, Int(below(UInt32(truncatingIfNeeded: last + 1))))
      }
    }
    return order
  }

  /// A number in `0..<bound`, each equally likely.
  ///
  /// Reference: Fast Random Integer Generation in an Interval; Lemire; 2019; https://doi.org/10.1145/3230636
  private mutating func below(_ bound: UInt32) -> UInt32 {
    var product = (next() & 0xffff_ffff) &* UInt64(bound)
    if UInt32(truncatingIfNeeded: product) < bound {
      let threshold = (0 &- bound) % bound
      while UInt32(truncatingIfNeeded: product) < threshold { product = (next() & 0xffff_ffff) &* UInt64(bound) }
    }
    return UInt32(truncatingIfNeeded: product >> 32)
  }

  /// Ten rounds of the bijection on a counter.
  static func block(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var x = counter
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
