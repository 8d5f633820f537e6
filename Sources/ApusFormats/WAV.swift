import ApusTensor

/// Sound in WAV files (RIFF): mono, stereo or more channels of 8, 16, 24 or 32-bit integers or 32 or 64-bit floating-point
/// numbers, uncompressed.
///
/// ```swift
/// let sound = try WAV(contentsOf: "seven.wav")
/// let sequence = Tensor(sound.samples)     // [frames, channels], -1 to 1: time first, a sequence of inputs of size 1 or 2
/// ```
public struct WAV: Sendable {
  /// The samples, f32 `[frames, channels]`; integers are divided by their largest magnitude, so that they lie in -1 to 1.
  public let samples: HostArray
  /// Frames a second.
  public let sampleRate: Int

  /// The number of channels: 1 for mono, 2 for stereo.
  public var channels: Int { samples.shape[1] }
  /// Seconds of sound.
  public var seconds: Double { Double(samples.shape[0]) / Double(sampleRate) }

  /// Sound with the given samples `[frames, channels]`.
  ///
  /// - Precondition: f32, at least one channel, a positive rate.
  public init(samples: HostArray, sampleRate: Int) {
    precondition(samples.dtype == .float32 && samples.shape.rank == 2 && samples.shape[1] > 0 && sampleRate > 0)
    (self.samples, self.sampleRate) = (samples, sampleRate)
  }

  /// Reads a file; nothing its header says is believed before it fits the file.
  ///
  /// - Throws: ``FormatError`` when the file cannot be read, is no WAV file, compressed, or its header and its size
  ///   contradict each other.
  public init(contentsOf path: String) throws {
    self = try FileBytes.read(path).withBytes { try WAV($0, file: path) }
  }

  /// Reads the bytes of a file.
  ///
  /// - Parameter file: what errors call it.
  /// - Throws: as ``init(contentsOf:)``.
  public init(_ bytes: [UInt8], file: String) throws { self = try bytes.withUnsafeBytes { try WAV($0, file: file) } }

  private init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    func fail(_ problem: String) -> FormatError {
      FormatError(file: file, problem: problem, advice: "give an uncompressed WAV file, or write it again")
    }
    func text(_ offset: Int) -> String { String(decoding: bytes[offset..<offset + 4], as: UTF8.self) }
    guard bytes.count >= 12, text(0) == "RIFF", text(8) == "WAVE" else { throw fail("is no WAV file") }
    var format: Format?
    var offset = 12
    while offset + 8 <= bytes.count {
      let (name, size) = (text(offset), Int(bytes.number(UInt32.self, offset + 4)))
      let body = offset + 8
      guard size <= bytes.count - body else {
        throw fail("its part '\(name)' says it has \(size) bytes, but only \(bytes.count - body) follow")
      }
      if name == "fmt " {
        guard size >= 16 else { throw fail("its format has \(size) bytes, at least 16 are needed") }
        format = try Format(bytes, body, size, fail)
      } else if name == "data" {
        guard let format else { throw fail("the samples stand before the format") }
        samples = try format.samples(UnsafeRawBufferPointer(rebasing: bytes[body..<body + size]), fail)
        sampleRate = format.sampleRate
        return
      }
      // Parts begin at even places.
      offset = body + size + size % 2
    }
    throw fail("holds no samples")
  }

  /// Writes 16-bit integers; what is outside -1 to 1 is cut off.
  ///
  /// - Throws: ``FormatError`` when the file cannot be written or would be larger than 4 GB.
  public func write(to path: String) throws {
    let values = samples.scalars(as: Float.self)
    guard values.count < 1 << 30, channels <= 1 << 15 else {
      throw FormatError(file: path, problem: "would be larger than 4 GB", advice: "write it in parts")
    }
    var bytes = Array("RIFF".utf8)
    func append<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    append(UInt32(36 + 2 * values.count))
    bytes += Array("WAVEfmt ".utf8)
    append(UInt32(16))
    append(UInt16(1))
    append(UInt16(channels))
    append(UInt32(sampleRate))
    append(UInt32(sampleRate * channels * 2))
    append(UInt16(channels * 2))
    append(UInt16(16))
    bytes += Array("data".utf8)
    append(UInt32(2 * values.count))
    for value in values { append(Int16((max(-1, min(1, value.isNaN ? 0 : value)) * 32767).rounded())) }
    try AtomicFile.write(bytes, to: path)
  }

  /// What the header says of the samples.
  private struct Format {
    let isFloat: Bool
    let channels: Int
    let sampleRate: Int
    let bits: Int

    init(
      _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ size: Int, _ fail: (String) -> FormatError
    ) throws {
      var code = bytes.number(UInt16.self, offset)
      // The extensible form has the code at the start of its identifier.
      if code == 0xFFFE, size >= 40 { code = bytes.number(UInt16.self, offset + 24) }
      guard code == 1 || code == 3 else { throw fail("its samples are of kind \(code), neither integers nor floats") }
      isFloat = code == 3
      channels = Int(bytes.number(UInt16.self, offset + 2))
      sampleRate = Int(bytes.number(UInt32.self, offset + 4))
      bits = Int(bytes.number(UInt16.self, offset + 14))
      let block = Int(bytes.number(UInt16.self, offset + 12))
      guard (1...64).contains(channels) else { throw fail("says it has \(channels) channels") }
      guard (1...1_000_000).contains(sampleRate) else { throw fail("says it has \(sampleRate) frames a second") }
      guard (isFloat ? [32, 64] : [8, 16, 24, 32]).contains(bits) else {
        throw fail("says it has samples of \(bits) bits")
      }
      guard block == channels * bits / 8 else {
        throw fail(
          "says a frame has \(block) bytes, but \(channels) samples of \(bits) bits take \(channels * bits / 8)")
      }
    }

    func samples(_ data: UnsafeRawBufferPointer, _ fail: (String) -> FormatError) throws -> HostArray {
      let size = bits / 8
      guard data.count >= size * channels else { throw fail("holds no samples") }
      guard data.count % (size * channels) == 0 else {
        throw fail("its \(data.count) bytes of samples are no whole number of frames of \(size * channels) bytes")
      }
      let count = data.count / size
      let array = HostArray(type: TensorType([count / channels, channels], .float32)) { target in
        let values = target.bindMemory(to: Float.self)
        for index in 0..<count { values[index] = value(data, index * size) }
      }
      guard array.scalars(as: Float.self).allSatisfy(\.isFinite) else {
        throw fail("holds a sample that is no finite number")
      }
      return array
    }

    private func value(_ data: UnsafeRawBufferPointer, _ offset: Int) -> Float {
      switch (isFloat, bits) {
      case (true, 32): Float(bitPattern: data.number(UInt32.self, offset))
      case (true, _): Float(Double(bitPattern: data.number(UInt64.self, offset)))
      case (false, 8): (Float(data[offset]) - 128) / 128
      case (false, 16): Float(data.number(Int16.self, offset)) / 32768
      case (false, 24):
        Float(Int32(data[offset]) << 8 | Int32(data[offset + 1]) << 16 | Int32(data[offset + 2]) << 24) / 0x1p31
      default: Float(data.number(Int32.self, offset)) / 0x1p31
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  /// A number whose least significant byte comes first, at any place.
  fileprivate func number<Value: FixedWidthInteger>(_: Value.Type, _ offset: Int) -> Value {
    Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}
