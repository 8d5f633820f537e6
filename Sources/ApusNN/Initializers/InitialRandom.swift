import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Random numbers for initial values, drawn on the host from the task's random context: no executor is needed, and the
/// values exist at once. With 24 random bits each, so that a network is the same in f32 and f64.
struct InitialRandom {
  private let philox: Philox

  /// The numbers of a stream.
  init(_ philox: Philox) { self.philox = philox }

  /// Numbers in a range.
  func uniform(_ count: Int, _ range: ClosedRange<Double>) -> [Double] { uniform(0..<count, range) }

  /// A part of the numbers in a range.
  ///
  /// - Precondition: the part begins at a multiple of 4.
  func uniform(_ part: Range<Int>, _ range: ClosedRange<Double>) -> [Double] {
    let width = range.upperBound - range.lowerBound
    let count = part.count
    return [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      func put(_ word: UInt32, _ position: Int) {
        guard position < count else { return }
        buffer.initializeElement(at: position, to: range.lowerBound + width * Self.unit(word))
      }
      for start in stride(from: 0, to: count, by: 4) {
        let (a, b, c, d) = philox.block(UInt64((part.lowerBound + start) / 4))
        put(a, start)
        put(b, start + 1)
        put(c, start + 2)
        put(d, start + 3)
      }
      initialized = count
    }
  }

  /// Standard normal numbers (Box and Muller, 1958).
  func normal(_ count: Int) -> [Double] { normal(0..<count) }

  /// A part of the standard normal numbers.
  ///
  /// - Precondition: the part begins at a multiple of 4.
  func normal(_ part: Range<Int>) -> [Double] {
    let count = part.count
    var result = uniform(part.lowerBound..<part.lowerBound + (count + 1) / 2 * 2, 0...1)
    for pair in stride(from: 0, to: result.count, by: 2) {
      let radius = sqrt(-2 * log(1 - result[pair]))
      let angle = 2 * Double.pi * result[pair + 1]
      result[pair] = radius * cos(angle)
      result[pair + 1] = radius * sin(angle)
    }
    if result.count > count { result.removeLast() }
    return result
  }

  /// Standard normal numbers of a magnitude of at most `limit`; the others are left out.
  func truncatedNormal(_ count: Int, limit: Double) -> [Double] {
    // Asking for more gives the same numbers first, so the result does not depend on how often it is asked.
    var asked = Int(Double(count) / erf(limit * 0.5.squareRoot()) * 1.1) + 16
    while true {
      let kept = normal(asked).filter { abs($0) <= limit }
      if kept.count >= count { return Array(kept.prefix(count)) }
      asked *= 2
    }
  }

  /// The standard deviation of a standard normal variable between -2 and 2: the root of 1 - 4 p(2) / P(|Z| <= 2).
  static let deviationWithinTwo: Double = {
    let density = exp(-2) / (2 * Double.pi).squareRoot()
    return (1 - 4 * density / erf(2.0.squareRoot())).squareRoot()
  }()

  private static func unit(_ word: UInt32) -> Double { Double(word >> 8) * 0x1p-24 }
}
