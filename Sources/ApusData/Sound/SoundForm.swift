import ApusFormats
import ApusTensor

/// What sounds become for a network: sequences of how loud they are in bands of frequency.
///
/// ```
/// X_t(k) = sum over n of w_n x_(t hop + n) e^(-2 pi i k n / size),   w_n = (1 - cos(2 pi n / length)) / 2
/// y_t(b) = log(1e-6 + sum over k of m_b(k) |X_t(k)|^2 / length)
/// ```
/// Pieces have a length of 32 ms and begin every 16 ms; `size` is the power of two not below their length. The weights m_b
/// of the ``bands`` bands are triangles whose corners lie evenly on the mel scale, 2595 log10(1 + f / 700), from 0 to half
/// of the sample rate (Davis and Mermelstein, 1980). The bands of several channels stand side by side.
///
/// ```swift
/// let form = try SoundForm(sampleRate: 22_050, channels: 1, steps: 60)
/// let sequence = try form.sequence(contentsOf: "seven.wav")     // f32 [60, 24]
/// ```
/// A sound that is shorter than `steps` pieces is followed by silence, of a longer one the rest is left out.
///
/// Reference: Comparison of parametric representations for monosyllabic word recognition in continuously spoken sentences;
/// Davis, Mermelstein; 1980.
public struct SoundForm: Sendable, Hashable, Codable {
  /// Bands of each channel.
  public static let bands = 24
  /// Pieces of a sound at most: 65 seconds.
  public static let mostSteps = 4096

  /// Frames a second.
  public let sampleRate: Int
  /// The channels; sounds with others are mixed down to one where this is 1.
  public let channels: Int
  /// Pieces of each sound.
  public let steps: Int
  private enum CodingKeys: String, CodingKey {
    case channels, steps
    case sampleRate = "sample_rate"
  }

  /// A form.
  ///
  /// - Throws: ``DataError`` when a number is impossible.
  public init(sampleRate: Int, channels: Int, steps: Int) throws {
    guard (1000...1_000_000).contains(sampleRate), (1...64).contains(channels), (1...Self.mostSteps).contains(steps)
    else {
      throw DataError(
        place: "the form of sounds",
        problem: "\(sampleRate) frames a second, \(channels) channels and \(steps) pieces are impossible",
        advice: "give 1000 to 1000000 frames a second, 1 to 64 channels and 1 to \(Self.mostSteps) pieces")
    }
    (self.sampleRate, self.channels, self.steps) = (sampleRate, channels, steps)
  }

  /// Reads what a run saved.
  ///
  /// - Throws: `DecodingError` or ``DataError`` when the numbers are none of a form.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      sampleRate: values.decode(Int.self, forKey: .sampleRate), channels: values.decode(Int.self, forKey: .channels),
      steps: values.decode(Int.self, forKey: .steps))
  }

  /// The shape of a sequence.
  public var shape: Shape { [steps, Self.bands * channels] }

  /// The sequence of a WAV file.
  ///
  /// - Throws: `FormatError` when the file cannot be read; ``DataError`` as ``sequence(of:name:)``.
  public func sequence(contentsOf path: String) throws -> HostArray {
    try sequence(of: WAV(contentsOf: path), name: path)
  }

  /// The sequence of a sound, f32 `[steps, bands * channels]`.
  ///
  /// - Parameter name: what errors call it.
  /// - Throws: ``DataError`` when it has another sample rate or other channels.
  public func sequence(of sound: WAV, name: String) throws -> HostArray {
    guard sound.sampleRate == sampleRate else {
      throw DataError(
        place: name, problem: "has \(sound.sampleRate) frames a second where \(sampleRate) are needed",
        advice: "convert it first, for example with sox in.wav -r \(sampleRate) out.wav")
    }
    guard sound.channels == channels || channels == 1 else {
      throw DataError(
        place: name, problem: "has \(sound.channels) channels where \(channels) are needed",
        advice: "give sounds of as many channels as those of the training")
    }
    let energies = BandEnergies(sampleRate: sampleRate, bands: Self.bands)
    let values = sound.samples.scalars(as: Float.self)
    let (frames, parts) = (sound.samples.shape[0], sound.channels)
    let sequences = (0..<channels).map { channel -> [[Float]] in
      let signal = (0..<frames).map { frame -> Float in
        guard channels == 1, parts > 1 else { return values[frame * parts + channel] }
        return values[frame * parts..<(frame + 1) * parts].reduce(0, +) / Float(parts)
      }
      return energies(signal, most: steps)
    }
    let width = Self.bands * channels
    return HostArray(type: TensorType(shape, .float32)) { bytes in
      let target = bytes.bindMemory(to: Float.self)
      target.initialize(repeating: BandEnergies.silence)
      for (channel, sequence) in sequences.enumerated() {
        for (step, row) in sequence.enumerated() {
          for (band, value) in row.enumerated() { target[step * width + channel * Self.bands + band] = value }
        }
      }
    }
  }

  /// The pieces that so many frames of sound have.
  static func steps(frames: Int, sampleRate: Int) -> Int {
    let energies = BandEnergies.pieces(sampleRate)
    return min(max((frames - energies.length + energies.hop - 1) / energies.hop, 0) + 1, mostSteps)
  }
}
