import ApusData
import ApusFormats
import ApusModels
import ApusNN
import ApusTensor
import Foundation
import Testing

/// Networks with published weights on the command line; those of the tests are random.
@Suite struct PretrainedCommandTests {
  private func write(_ model: some Layer, to path: String) throws {
    let arrays = model.parameters.map { ($0.name, $0.parameter.value.hostArray()) }
    try TensorFile.write(Dictionary(uniqueKeysWithValues: arrays), to: path)
  }

  @Test func facesAreLookedFor() throws {
    let folder = try Folder()
    for (stage, name) in zip(FaceNet.Stage.allCases, ["pnet", "rnet", "onet"]) {
      try withRandomSeed(5) { try write(FaceNet(stage), to: folder.file("\(name).pt")) }
    }
    let picture = HostArray(
      (0..<3 * 60 * 50).map { UInt8(truncatingIfNeeded: $0 / 50 * 7 + $0 % 50 * 3) }, shape: [3, 60, 50])
    try PNG.write(picture, to: folder.file("a.png"))
    let call = ["faces", "a.png", "--weights", ".", "--thresholds", "0.01,0.01,0.01", "--output", "framed"]
    let report = try Apus.run(call + ["--json"], in: folder).json()
    let found = try #require((report["pictures"] as? [[String: Any]])?.first)
    let faces = try #require(found["faces"] as? [[String: Any]])
    #expect(!faces.isEmpty && found["framed"] as? String == "framed/a.png")
    #expect(faces.allSatisfy { ($0["box"] as? [Double])?.count == 4 && ($0["landmarks"] as? [[Double]])?.count == 5 })
    #expect(try Pictures.read(from: folder.file("framed/a.png"), channels: 3).shape == [3, 60, 50])
    let text = try Apus.run(["faces", "a.png", "--weights", "."], in: folder).output
    #expect(text.hasPrefix("a.png: ") && text.contains("face"))
    let strict = try Apus.run(["faces", "a.png", "--weights", ".", "--thresholds", "0.99,0.99,0.99"], in: folder)
    #expect(strict.output == "a.png: no face\n")
    let missing = try Apus.run(["faces", "a.png", "--weights", "none"], in: folder)
    #expect(missing.status == 1 && missing.errors.contains("none/pnet.pt: cannot be read"))
  }

  @Test func wordsArePronounced() throws {
    let folder = try Folder()
    try withRandomSeed(7) { try write(LettersToSounds(), to: folder.file("spell.npz")) }
    let call = ["translate", "letters-to-sounds", "--weights", "spell.npz"]
    let report = try Apus.run(call + ["Apus", "na\u{EF}ve", "--json"], in: folder).json()
    let found = try #require(report["translations"] as? [[String: Any]])
    #expect(found.count == 2 && found[0]["source"] as? [String] == ["a", "p", "u", "s"])
    #expect((found[0]["unknown"] as? [String])?.isEmpty == true && found[1]["unknown"] as? [String] == ["\u{EF}"])
    for entry in found {
      let sounds = try #require(entry["target"] as? [String])
      #expect(!sounds.isEmpty && sounds.allSatisfy(LettersToSounds.sounds.contains))
    }
    let beam = try Apus.run(call + ["apus", "--beam", "3"], in: folder)
    #expect(beam.status == 0 && beam.output.hasPrefix("apus: "))
    #expect(
      try Apus.run(["translate", "digit-cnn", "--weights", "spell.npz", "a"], in: folder).errors.contains(
        "apus predict"))
    #expect(try Apus.run(call + [""], in: folder).status != 0)
  }

  /// What the networks are not for is said in one sentence, and what they are for.
  @Test func otherUsesAreNamed() throws {
    let folder = try Folder()
    for (words, answer) in [
      (["train", "face-rnet", "--data", "digits"], "apus finetune"),
      (["predict", "face-pnet", "--weights", "a.pt", "a.png"], "apus faces"),
      (["predict", "letters-to-sounds", "--weights", "a.npz", "a.png"], "apus translate"),
    ] {
      let outcome = try Apus.run(words, in: folder)
      #expect(
        outcome.status == 1 && outcome.errorLines.count == 1 && outcome.errors.contains(answer), "\(outcome.errors)")
    }
  }
}
