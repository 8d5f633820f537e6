import ApusTensor
import Testing

@testable import ApusFormats

@Suite struct WAVTests {
  private func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// A file written out by hand.
  private func file(
    kind: UInt16 = 1, channels: UInt16 = 2, rate: UInt32 = 8000, bits: UInt16 = 16, block: UInt16? = nil,
    data: [UInt8] = [0, 0x40, 0, 0xC0], size: UInt32? = nil, before: [UInt8] = [], extra: [UInt8] = []
  ) -> [UInt8] {
    let format =
      bytes(kind) + bytes(channels) + bytes(rate) + bytes(rate * 4) + bytes(block ?? channels * bits / 8) + bytes(bits)
      + extra
    let body =
      Array("WAVE".utf8) + before + Array("fmt ".utf8) + bytes(UInt32(format.count)) + format + Array("data".utf8)
      + bytes(size ?? UInt32(data.count)) + data
    return Array("RIFF".utf8) + bytes(UInt32(body.count)) + body
  }

  @Test func samplesOfEveryKind() throws {
    func values(_ file: [UInt8]) throws -> [Float] { try WAV(file, file: "x.wav").samples.scalars(as: Float.self) }
    let stereo = try WAV(file(), file: "x.wav")
    #expect(stereo.samples.shape == [1, 2] && stereo.channels == 2 && stereo.sampleRate == 8000)
    #expect(stereo.samples.scalars(as: Float.self) == [0.5, -0.5] && stereo.seconds == 1.0 / 8000)
    #expect(try values(file(channels: 1, bits: 8, data: [0, 128, 192])) == [-1, 0, 0.5])
    #expect(try values(file(channels: 1, bits: 24, data: [0, 0, 0x40, 0, 0, 0x80])) == [0.5, -1])
    #expect(try values(file(channels: 1, bits: 32, data: bytes(Int32.min) + bytes(Int32(1 << 30)))) == [-1, 0.5])
    #expect(try values(file(kind: 3, channels: 1, bits: 32, data: bytes(Float(0.25).bitPattern))) == [0.25])
    #expect(try values(file(kind: 3, channels: 1, bits: 64, data: bytes((-0.75).bitPattern))) == [-0.75])
    // The extensible form, and a part of odd length that is not known.
    let identifier: [UInt8] =
      bytes(UInt16(22)) + bytes(UInt16(16)) + bytes(UInt32(3)) + bytes(UInt16(1)) + [UInt8](repeating: 0, count: 14)
    let odd = Array("LIST".utf8) + bytes(UInt32(3)) + [1, 2, 3, 0]
    #expect(try values(file(kind: 0xFFFE, before: odd, extra: identifier)) == [0.5, -0.5])
  }

  @Test func writtenFilesReadBack() throws {
    try withFolder { folder in
      let samples = HostArray([Float(0), 1, -1, 0.5, 2, -0.25], shape: [3, 2])
      try WAV(samples: samples, sampleRate: 16000).write(to: folder + "/a.wav")
      let read = try WAV(contentsOf: folder + "/a.wav")
      #expect(read.sampleRate == 16000 && read.samples.shape == [3, 2])
      for (a, b) in zip(read.samples.scalars(as: Float.self), [Float(0), 1, -1, 0.5, 1, -0.25]) {
        #expect(abs(a - b) < 1e-4)
      }
    }
  }

  /// Headers that lie: one sentence each, and never a crash.
  @Test func lyingHeadersAreNamed() {
    func problem(_ bytes: [UInt8]) -> String {
      #expect(throws: FormatError.self) { try WAV(bytes, file: "x.wav") }.map { "\($0)" } ?? ""
    }
    #expect(problem([]).contains("is no WAV file"))
    #expect(problem(Array("RIFF____AVI ".utf8)).contains("is no WAV file"))
    #expect(problem(Array(file().prefix(30))).contains("says it has 16 bytes, but only"))
    #expect(problem(file(size: 4_294_967_295)).contains("'data' says it has 4294967295 bytes, but only 4 follow"))
    #expect(problem(file(kind: 85)).contains("of kind 85"))
    #expect(problem(file(kind: 0xFFFE)).contains("of kind 65534"))
    #expect(problem(file(channels: 0)).contains("0 channels"))
    #expect(problem(file(channels: 65535, block: 4)).contains("65535 channels"))
    #expect(problem(file(rate: 0)).contains("0 frames a second"))
    #expect(problem(file(bits: 12)).contains("12 bits"))
    #expect(problem(file(kind: 3, bits: 16)).contains("16 bits"))
    #expect(problem(file(block: 3)).contains("a frame has 3 bytes"))
    #expect(problem(file(data: [1, 2, 3])).contains("holds no samples"))
    #expect(problem(file(data: [1, 2, 3, 4, 5, 6])).contains("no whole number of frames"))
    #expect(problem(file(data: [])).contains("holds no samples"))
    #expect(
      problem(file(kind: 3, channels: 1, bits: 32, data: bytes(Float.nan.bitPattern))).contains("no finite number"))
    let swapped = Array("RIFF____WAVEdata".utf8) + bytes(UInt32(0))
    #expect(problem(swapped).contains("before the format"))
    // Every prefix and every changed byte of the header is either read or named.
    let whole = file()
    for length in 0..<whole.count { _ = try? WAV(Array(whole.prefix(length)), file: "x") }
    for index in 0..<44 {
      for value in [UInt8(0), 1, 127, 255] {
        var changed = whole
        changed[index] = value
        _ = try? WAV(changed, file: "x")
      }
    }
  }
}
