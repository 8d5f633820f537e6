import ApusData
import ApusTensor
import Foundation
import Testing

@Suite struct ImageFolderCommandTests {
  /// Pictures of two classes that differ in brightness, of several sizes, half of them JPEG by name only.
  private func makePhotos(_ folder: Folder, _ count: Int = 12) throws {
    for (label, name) in ["night", "day"].enumerated() {
      try FileManager.default.createDirectory(
        atPath: folder.file("photos/\(name)"), withIntermediateDirectories: true)
      for index in 0..<count {
        let (height, width) = (28 + index, 40 - index)
        let values = (0..<3 * height * width).map { UInt8(label * 120 + ($0 * 7 + index * 3) % 100) }
        try PNG.write(
          HostArray(values, shape: [3, height, width]), to: folder.file("photos/\(name)/\(index).png"))
      }
    }
  }

  @Test func trainsJudgesAndNamesPhotos() throws {
    let folder = try Folder()
    try makePhotos(folder)
    try folder.write(Array("no picture".utf8), to: "photos/day/notes.txt")
    let training = [
      "train", "lenet5", "--data", "photos", "--image-size", "28", "--epochs", "4", "--batch-size", "4",
      "--augment", "shift=2,flip", "--learning-rate", "0.003", "--threads", "1", "--output", "run",
    ]
    let refused = try Apus.run(training, in: folder)
    #expect(refused.status == 1 && refused.errorLines.count == 1)
    #expect(refused.errors.contains("photos/day/notes.txt: the picture is damaged or of a kind that cannot be used"))
    #expect(refused.errors.contains("--bad-images skip"))

    let trained = try Apus.run(training + ["--bad-images", "skip", "--json"], in: folder)
    #expect(trained.status == 0)
    #expect(trained.errorLines.filter { $0.hasPrefix("left out: photos/day/notes.txt") }.count == 1)
    #expect(try trained.json()["validation_accuracy"] as? Double == 1)
    let judged = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    #expect(judged["test_accuracy"] as? Double == 1 && judged["samples"] as? Int == 2)

    // Any size of picture goes the way of the training; the names of the folders are the classes.
    let named = try Apus.run(
      ["predict", "run", "photos/day/3.png", "photos/night/11.png", "--json"], in: folder
    ).json()
    let predictions = try #require(named["predictions"] as? [[String: Any]])
    let classes = predictions.compactMap { ($0["top"] as? [[String: Any]])?.first?["class"] as? String }
    #expect(classes == ["day", "night"])
    let resumed = try Apus.run(
      training + ["--bad-images", "skip", "--resume", "--epochs", "5"].suffix(3) + ["--bad-images", "skip"], in: folder)
    #expect(resumed.status == 0 && resumed.errors.contains("epoch 5/5"))
  }

  @Test func showsWhatAFolderHolds() throws {
    let folder = try Folder()
    try makePhotos(folder, 3)
    try folder.write([], to: "photos/night/empty.jpg")
    let options = ["--bad-images", "skip", "--image-size", "12x20", "--image-channels", "1"]
    let shown = try Apus.run(["data", "show", "photos", "--json"] + options, in: folder).json()
    #expect(shown["sample_shape"] as? [Int] == [1, 12, 20] && shown["train"] as? Int == 6)
    let skipped = try #require(shown["skipped"] as? [String])
    #expect(skipped.count == 1 && skipped[0].hasPrefix("photos/night/empty.jpg: "))
    let text = try Apus.run(["data", "show", "photos"] + options, in: folder).output
    #expect(text.contains("left out: photos/night/empty.jpg") && text.contains("classes: day 3, night 3"))
    let list = try Apus.run(["data", "list"], in: folder).output
    #expect(list.contains("a folder of PNG and JPEG pictures with a folder for each class"))
  }

  @Test(arguments: [
    (["--image-size", "0"], "--image-size"), (["--image-size", "many"], "--image-size"),
    (["--image-channels", "2"], "--image-channels"), (["--bad-images", "ask"], "refuse or skip"),
  ])
  func refusesImpossibleOptions(options: [String], words: String) throws {
    let folder = try Folder()
    let outcome = try Apus.run(["data", "show", "digits"] + options, in: folder)
    #expect(outcome.status == 1 && outcome.errorLines.count == 1 && outcome.errors.contains(words))
    let other = try Apus.run(["data", "show", "digits", "--image-size", "8"], in: folder)
    #expect(other.status == 1 && other.errors.contains("is no folder of pictures"))
  }
}
