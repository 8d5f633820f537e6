#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The logarithms of the energies of a sound's pieces in bands of frequency; see ``SoundForm``.
struct BandEnergies {
  /// Added to energies, so that silence has a logarithm.
  private static let least: Double = 1e-6
  /// What silence has in every band.
  static let silence = Float(log(least))

  private let length: Int
  private let hop: Int
  private let window: [Double]
  private let transform: FourierTransform
  /// Of each band the first frequency with a weight, and the weights from there on.
  private let bands: [(first: Int, weights: [Double])]

  /// The frames of a piece, and those from one piece to the next.
  static func pieces(_ sampleRate: Int) -> (length: Int, hop: Int) {
    (max(sampleRate * 32 / 1000, 2), max(sampleRate * 16 / 1000, 1))
  }

  init(sampleRate: Int, bands count: Int) {
    (length, hop) = Self.pieces(sampleRate)
    let length = length
    window = (0..<length).map { (1 - cos(2 * Double.pi * Double($0) / Double(length))) / 2 }
    transform = FourierTransform(atLeast: length)
    let (size, rate) = (transform.size, Double(sampleRate))
    func mel(_ frequency: Double) -> Double { 2595 * log10(1 + frequency / 700) }
    let corners = (0...count + 1).map { corner -> Double in
      700 * (pow(10, mel(rate / 2) * Double(corner) / Double(count + 1) / 2595) - 1)
    }
    bands = (0..<count).map { band in
      let (low, middle, high) = (corners[band], corners[band + 1], corners[band + 2])
      let weights = (0...size / 2).map { number -> Double in
        let frequency = Double(number) * rate / Double(size)
        return max(0, min((frequency - low) / (middle - low), (high - frequency) / (high - middle)))
      }
      let first = weights.firstIndex { $0 > 0 } ?? 0
      return (first, Array(weights[first...].prefix { $0 > 0 }))
    }
  }

  /// The rows of at most so many pieces; the last one is filled with silence.
  func callAsFunction(_ signal: [Float], most: Int) -> [[Float]] {
    var rows: [[Float]] = []
    var start = 0
    repeat {
      var real = [Double](repeating: 0, count: transform.size)
      for index in 0..<max(min(length, signal.count - start), 0) {
        real[index] = window[index] * Double(signal[start + index])
      }
      let power = transform.power(real)
      rows.append(
        bands.map { band in
          let sum = zip(band.weights, power[band.first...]).reduce(0) { $0 + $1.0 * $1.1 }
          return Float(log(Self.least + sum / Double(length)))
        })
      start += hop
    } while start + length - hop < signal.count && rows.count < most
    return rows
  }
}

/// Fourier's transform of real numbers, as many as a power of two, by halving (Cooley and Tukey, 1965).
struct FourierTransform {
  /// How many numbers it takes.
  let size: Int
  private let cosines: [Double]
  private let sines: [Double]
  /// The place of each number in the order of the halves: its bits reversed.
  private let order: [Int]

  /// The transform of the least power of two that is not below a count.
  init(atLeast count: Int) {
    var (size, bits) = (1, 0)
    while size < count { (size, bits) = (size * 2, bits + 1) }
    (self.size, cosines) = (size, (0..<size / 2).map { cos(2 * Double.pi * Double($0) / Double(size)) })
    sines = (0..<size / 2).map { -sin(2 * Double.pi * Double($0) / Double(size)) }
    order = (0..<size).map { number in
      (0..<bits).reduce(0) { $0 | (number >> $1 & 1) << (bits - 1 - $1) }
    }
  }

  /// The squared magnitudes of the frequencies from 0 to half of the size.
  ///
  /// - Precondition: as many numbers as the size.
  func power(_ numbers: [Double]) -> [Double] {
    precondition(numbers.count == size)
    var real = order.map { numbers[$0] }
    var imaginary = [Double](repeating: 0, count: size)
    var half = 1
    while half < size {
      let stride = size / (2 * half)
      for start in Swift.stride(from: 0, to: size, by: 2 * half) {
        for index in 0..<half {
          let (c, s) = (cosines[index * stride], sines[index * stride])
          let (low, high) = (start + index, start + index + half)
          let (a, b) = (c * real[high] - s * imaginary[high], s * real[high] + c * imaginary[high])
          (real[high], imaginary[high]) = (real[low] - a, imaginary[low] - b)
          (real[low], imaginary[low]) = (real[low] + a, imaginary[low] + b)
        }
      }
      half *= 2
    }
    return (0...size / 2).map { real[$0] * real[$0] + imaginary[$0] * imaginary[$0] }
  }
}
