import Apus
import Foundation
import Testing

@Suite struct SegmentationCommandTests {
  /// Pictures with a bright square on a dark ground, and masks of the squares.
  private func makeScenes(_ folder: Folder, count: Int = 12, size: Int = 32) throws {
    for name in ["images", "masks"] {
      try FileManager.default.createDirectory(
        atPath: folder.file("scenes/\(name)"), withIntermediateDirectories: true)
    }
    for index in 0..<count {
      let (top, left) = (2 + index % 5 * 3, 1 + index % 4 * 4)
      let isSquare = (0..<size * size).map { pixel in
        (top..<top + 12).contains(pixel / size) && (left..<left + 14).contains(pixel % size)
      }
      let pixels = isSquare.enumerated().map { UInt8(($1 ? 160 : 30) + $0 * 7 % 50) }
      let shape: Shape = [1, size, size]
      try PNG.write(HostArray(pixels, shape: shape), to: folder.file("scenes/images/\(index).png"))
      let mask = isSquare.map { $0 ? UInt8(255) : 0 }
      try PNG.write(HostArray(mask, shape: shape), to: folder.file("scenes/masks/\(index).png"))
    }
  }

  private func sentence(_ arguments: [String], _ words: String, in folder: Folder) throws {
    let outcome = try Apus.run(arguments, in: folder)
    #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func masksAreShownAndOtherModelsRefuseThem() throws {
    let folder = try Folder()
    try makeScenes(folder, count: 4)
    let shown = try Apus.run(["data", "show", "scenes", "--json"], in: folder).json()
    #expect(shown["train"] as? Int == 4 && shown["sample_shape"] as? [Int] == [1, 32, 32])
    let classes = try #require(shown["classes"] as? [[String: Any]])
    #expect(classes.map { $0["name"] as? String } == ["background", "foreground"])
    #expect(classes.map { $0["count"] as? Int } == [4 * (1024 - 168), 4 * 168])
    try sentence(["train", "lenet5", "--data", "scenes"], "LeNet5 cannot take samples", in: folder)
    try sentence(["train", "lenet5", "--data", "scenes", "--task", "classification"], "classes of pixels", in: folder)
    try sentence(["train", "lenet5", "--data", "scenes", "--augment", "mixup=0.2"], "mixup", in: folder)
    try FileManager.default.removeItem(atPath: folder.file("scenes/masks/2.png"))
    try sentence(["data", "show", "scenes"], "scenes/images/2.png: has no mask", in: folder)
  }

  @Test(.enabled(if: ModelCatalog.names.contains("unet"), "needs the model unet"))
  func trainsJudgesAndDrawsMasks() throws {
    let folder = try Folder()
    try makeScenes(folder)
    let trained = try Apus.run(
      [
        "train", "unet", "--data", "scenes", "--width", "4", "--epochs", "8", "--batch-size", "3", "--augment",
        "flip", "--learning-rate", "0.01",
        "--validation-split", "0.25", "--threads", "1", "--output", "run", "--json",
      ], in: folder)
    #expect(trained.status == 0, "\(trained.errors)")
    let judged = try Apus.run(["evaluate", "run", "--json"], in: folder).json()
    let metrics = try #require(judged["metrics"] as? [String: Any])
    #expect(metrics["mean_iou"] as? Double ?? 0 > 0.5 && metrics["accuracy"] as? Double ?? 0 > 0.7)
    let classes = try #require(judged["per_class"] as? [[String: Any]])
    #expect(classes.count == 2 && classes.allSatisfy { $0["iou"] is Double })
    let drawn = try Apus.run(
      ["predict", "run", "scenes/images/1.png", "scenes/images/2.png", "--output", "drawn", "--json"], in: folder
    ).json()
    let predictions = try #require(drawn["predictions"] as? [[String: Any]])
    #expect(predictions.map { $0["mask"] as? String } == ["drawn/1.png", "drawn/2.png"])
    let mask = try Pictures.read(from: folder.file("drawn/2.png"), channels: 1)
    let truth = try Pictures.read(from: folder.file("scenes/masks/2.png"), channels: 1).scalars(as: UInt8.self)
    #expect(mask.shape == [1, 32, 32] && Set(mask.scalars(as: UInt8.self)).isSubset(of: [0, 255]))
    let right = zip(mask.scalars(as: UInt8.self), truth).count { $0 == $1 }
    #expect(right > 700)
    try sentence(["predict", "run", "scenes/images/1.png"], "--output", in: folder)
    try sentence(["predict", "run", "scenes/images/1.png", "--output", "scenes/images"], "replaced", in: folder)
    try sentence(
      ["predict", "run", "scenes/images/1.png", "scenes/masks/1.png", "--output", "drawn"], "name of another",
      in: folder)
    try sentence(["attack", "run"], "classes of pixels", in: folder)
    try sentence(["ensemble", "evaluate", "run", "run"], "classes of pixels", in: folder)
  }
}
