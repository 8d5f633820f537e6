import ApusFormats
import ApusTensor
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct SoundTests {
  /// A tone, louder and louder, with the same at half the frequency in a second channel.
  private func tone(_ frequency: Double, frames: Int, channels: Int = 1, rate: Int = 8000) -> WAV {
    var values: [Float] = []
    for frame in 0..<frames {
      let loudness = Double(frame) / Double(frames)
      for channel in 1...channels {
        let turn = 2 * Double.pi * frequency * Double(frame) / Double(channel * rate)
        values.append(Float(loudness * sin(turn)))
      }
    }
    return WAV(samples: HostArray(values, shape: [frames, channels]), sampleRate: rate)
  }

  /// Every band of every piece, from the formula in plain loops: a slow Fourier transform, triangles on the mel scale.
  @Test func bandsAreThoseOfTheFormula() throws {
    let (rate, size, length, hop) = (8000, 256, 256, 128)
    let sound = tone(700, frames: 900)
    let form = try SoundForm(sampleRate: rate, channels: 1, steps: 9)
    let found = try form.sequence(of: sound, name: "tone")
    #expect(found.shape == [9, 24] && form.shape == [9, 24])
    let signal = sound.samples.scalars(as: Double.self) + [Double](repeating: 0, count: length)
    func mel(_ f: Double) -> Double { 2595 * log10(1 + f / 700) }
    func hertz(_ m: Double) -> Double { 700 * (pow(10, m / 2595) - 1) }
    let corners = (0...25).map { hertz(mel(4000) * Double($0) / 25) }
    let rows = found.scalars(as: Double.self)
    // 900 frames: the pieces that begin at 0, 128, ..., 768 hold all of them.
    for step in 0..<7 {
      let power = (0...size / 2).map { k -> Double in
        var (re, im) = (0.0, 0.0)
        for n in 0..<length {
          let window = 0.5 - 0.5 * cos(2 * Double.pi * Double(n) / Double(length))
          let x = step * hop + n < 900 ? signal[step * hop + n] * window : 0
          re += x * cos(2 * Double.pi * Double(k * n) / Double(size))
          im -= x * sin(2 * Double.pi * Double(k * n) / Double(size))
        }
        return re * re + im * im
      }
      for band in 0..<24 {
        var energy = 0.0
        for k in 0...size / 2 {
          let f = Double(k * rate) / Double(size)
          let rise = (f - corners[band]) / (corners[band + 1] - corners[band])
          let fall = (corners[band + 2] - f) / (corners[band + 2] - corners[band + 1])
          energy += max(0, min(rise, fall)) * power[k]
        }
        #expect(abs(rows[step * 24 + band] - log(1e-6 + energy / Double(length))) < 1e-5, "\(step) \(band)")
      }
    }
    // Silence after the end, and the number of pieces that says so.
    #expect(rows[(7 * 24)...].allSatisfy { abs($0 - log(1e-6)) < 1e-5 })
    #expect(SoundForm.steps(frames: 900, sampleRate: rate) == 7)
    #expect([1, 256, 257, 384, 385].map { SoundForm.steps(frames: $0, sampleRate: rate) } == [1, 1, 2, 2, 3])
    // A tone of 700 Hz is loudest where 700 Hz lies; a longer sound is cut.
    let loudest = (0..<24).max { rows[3 * 24 + $0] < rows[3 * 24 + $1] } ?? 0
    #expect(corners[loudest] < 700 && corners[loudest + 2] > 700)
    let cut = try SoundForm(sampleRate: rate, channels: 1, steps: 2).sequence(of: sound, name: "tone")
    #expect(cut.scalars(as: Double.self) == Array(rows[..<48]))
  }

  @Test func transformsOfEverySize() {
    for size in [1, 2, 8, 64] {
      let numbers = (0..<size).map { sin(Double($0 * $0 + 1)) }
      let transform = FourierTransform(atLeast: max(size - size / 4, 1))
      #expect(transform.size == size)
      for (k, power) in transform.power(numbers).enumerated() {
        var (re, im) = (0.0, 0.0)
        for n in 0..<size {
          re += numbers[n] * cos(2 * Double.pi * Double(k * n) / Double(size))
          im -= numbers[n] * sin(2 * Double.pi * Double(k * n) / Double(size))
        }
        #expect(abs(power - (re * re + im * im)) < 1e-10)
      }
    }
  }

  private func makeSounds(_ folder: String, channels: [Int]) throws {
    for part in ["train", "test"] {
      try #require(makeFolder("\(folder)/\(part)"))
      for (label, name) in ["low", "high"].enumerated() {
        try #require(makeFolder("\(folder)/\(part)/\(name)"))
        for (index, count) in channels.enumerated() {
          try tone(label == 0 ? 300 : 1500, frames: (part == "train" ? 400 : 900) + 100 * index, channels: count)
            .write(to: "\(folder)/\(part)/\(name)/\(index).wav")
        }
      }
    }
  }

  @Test func foldersBecomeSequences() throws {
    try withFolder { folder in
      try makeSounds(folder, channels: [2, 2])
      let data = try DataCatalog.load(folder)
      // The longest sound to learn from has 500 frames: three pieces. Those of the test are cut.
      #expect(data.sound == (try SoundForm(sampleRate: 8000, channels: 2, steps: 3)))
      #expect(data.train.classNames == ["high", "low"] && data.train.labels == [0, 0, 1, 1])
      #expect(data.train.inputType == TensorType([4, 3, 48], .float32) && data.test?.sampleShape == [3, 48])
      let values = data.train.inputs.scalars(as: Float.self)
      // The second channel of the low tone stands beside the first, an octave below.
      let row = Array(values[(2 * 3 + 1) * 48..<(2 * 3 + 2) * 48])
      let peaks = [row[..<24], row[24...]].map { half in half.indices.max { half[$0] < half[$1] }.map { $0 % 24 } ?? 0 }
      #expect(peaks[1] < peaks[0])
      // Each band has its own mean and deviation, and a saved run brings other sounds to its own form.
      let preparation = try Preparation(fitting: data.train, sound: data.sound)
      #expect(preparation.normalization.mean.count == 48 && preparation.sound == data.sound)
      let known = try SoundForm(sampleRate: 8000, channels: 2, steps: 5)
      #expect(try DataCatalog.load(folder, sound: known).train.sampleShape == [5, 48])
    }
    try withFolder { folder in
      try makeSounds(folder, channels: [1, 2])
      let data = try SoundFolder.load(folder)
      #expect(data.sound?.channels == 1 && data.train.sampleShape == [3, 24])
      // Two channels are mixed: their mean.
      let stereo = try WAV(contentsOf: folder + "/train/low/1.wav")
      let values = stereo.samples.scalars(as: Float.self)
      let means = (0..<500).map { frame -> Float in (values[2 * frame] + values[2 * frame + 1]) / 2 }
      let mixed = WAV(samples: HostArray(means, shape: [500, 1]), sampleRate: 8000)
      let expected = try #require(data.sound).sequence(of: mixed, name: "mixed").scalars(as: Float.self)
      #expect(Array(data.train.inputs.scalars(as: Float.self).suffix(72)) == expected)
    }
  }

  @Test func badSoundsAreOneSentence() throws {
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return ""
    }
    try withFolder { folder in
      try makeSounds(folder, channels: [1])
      func problem() -> String { message { _ = try DataCatalog.load(folder) } }
      #expect(problem().isEmpty)
      let path = folder + "/train/low/9.wav"
      func withFile(_ bytes: [UInt8], at path: String) throws -> String {
        try AtomicFile.write(bytes, to: path)
        defer { unlink(path) }
        return problem()
      }
      // A header that lies about the size of the samples.
      var bytes = try FileBytes.read(folder + "/train/low/0.wav").withBytes { Array($0) }
      bytes[40] = 255
      bytes[42] = 255
      #expect(try withFile(bytes, at: path).contains("9.wav: its part 'data' says it has"))
      #expect(try withFile([], at: path).contains("9.wav"))
      #expect(try withFile([1], at: folder + "/test/low/note.txt").contains("note.txt: does not end in .wav"))
      #expect(try withFile([1], at: folder + "/train/loose.wav").contains("lies in no class folder"))
      try tone(300, frames: 10, rate: 16_000).write(to: path)
      #expect(problem().contains("has 16000 frames a second where 8000 are needed"))
      unlink(path)
      try #require(makeFolder(folder + "/test/mid"))
      #expect(problem().contains("this class folder holds no files"))
      try tone(300, frames: 10).write(to: folder + "/test/mid/0.wav")
      #expect(problem().contains("the training part has no class 'mid'"))
      let form = try SoundForm(sampleRate: 8000, channels: 2, steps: 3)
      #expect(
        message { _ = try form.sequence(of: tone(300, frames: 10), name: "a") }.contains("has 1 channels where 2"))
      for (rate, channels, steps) in [(0, 1, 1), (8000, 0, 1), (8000, 1, 0), (8000, 1, 5000)] {
        #expect(throws: DataError.self) { try SoundForm(sampleRate: rate, channels: channels, steps: steps) }
      }
    }
    try withFolder { folder in
      try #require(makeFolder(folder + "/only"))
      try tone(300, frames: 10).write(to: folder + "/only/0.wav")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("holds sounds of only one class, 'only'"))
    }
  }
}
