import Apus
import Foundation
import Testing

@Suite struct SoundCommandTests {
  /// A tone of a pitch, with noise from its number.
  private func tone(_ frequency: Double, _ number: Int, rate: Int = 8000) -> WAV {
    let values = (0..<(900 + 60 * number)).map { frame -> Float in
      let noise = sin(Double(frame * frame % 97 + number * 13))
      let turn = 2 * Double.pi * frequency * Double(frame) / Double(rate)
      return Float(0.4 * sin(turn) + 0.05 * noise)
    }
    return WAV(samples: HostArray(values, shape: [values.count, 1]), sampleRate: rate)
  }

  @Test func soundsAreLearntAndNamed() throws {
    let folder = try Folder()
    let pitches = ["high": 1800.0, "low": 300, "middle": 800]
    for (name, pitch) in pitches {
      let path = "sounds/\(name)"
      try FileManager.default.createDirectory(atPath: folder.file(path), withIntermediateDirectories: true)
      for number in 0..<8 {
        try tone(pitch * (1 + 0.02 * Double(number)), number).write(to: folder.file("\(path)/\(number).wav"))
      }
    }
    let trained = try Apus.run(
      [
        "train", "sequenceclassifier", "--data", "sounds", "--hidden", "6", "--form", "gru", "--pooling", "last",
        "--epochs", "20", "--batch-size", "8", "--learning-rate", "0.02", "--test-split", "0.25", "--validation-split",
        "0",
        "--threads", "1", "--output", "run", "--json",
      ], in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(try trained.json()["test_accuracy"] as? Double == 1)
    let judged = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    #expect(judged["test_accuracy"] as? Double == 1 && judged["part"] as? String == "test")
    try tone(1810, 20).write(to: folder.file("new.wav"))
    let named = try Apus.run(["predict", "run", "new.wav", "sounds/low/3.wav", "--json"], in: folder).json()
    let predictions = try #require(named["predictions"] as? [[String: Any]])
    let classes = predictions.compactMap { ($0["top"] as? [[String: Any]])?.first?["class"] as? String }
    #expect(classes == ["high", "low"])
    func sentence(_ arguments: [String], _ words: String) throws {
      let outcome = try Apus.run(arguments, in: folder)
      #expect(
        outcome.status == 1 && outcome.errorLines.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    }
    try tone(1810, 20, rate: 16_000).write(to: folder.file("fast.wav"))
    try sentence(["predict", "run", "fast.wav"], "fast.wav: has 16000 frames a second where 8000 are needed")
    try sentence(["predict", "run", "run/config.json"], "is no WAV file")
    try sentence(["predict", "run", "none.wav"], "none.wav")
    try sentence(["train", "textclassifier", "--data", "sounds"], "holds no texts with classes")
    try sentence(["train", "lenet5", "--data", "sounds"], "lenet5 takes images")
    // A header that says there are more samples than the file holds.
    try Data(Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("new.wav"))).dropLast(7)))
      .write(to: URL(fileURLWithPath: folder.file("sounds/low/99.wav")))
    try sentence(["data", "show", "sounds"], "99.wav: its part 'data' says it has")
  }
}
