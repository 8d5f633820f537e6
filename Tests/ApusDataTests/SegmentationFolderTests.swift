import ApusFormats
import ApusTensor
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct SegmentationFolderTests {
  /// A gray picture of numbers.
  private func plane(_ values: [UInt8], _ height: Int, _ width: Int) -> HostArray {
    HostArray(values, shape: [1, height, width])
  }

  /// So many pictures 6 x 4 whose masks hold the numbers, each in a quarter of the columns.
  private func make(_ folder: String, _ numbers: [UInt8], count: Int = 5) throws {
    for name in ["images", "masks"] { try #require(makeFolder("\(folder)/\(name)")) }
    for index in 0..<count {
      let image = (0..<24).map { UInt8($0 * 10 + index) }
      try PNG.write(plane(image, 4, 6), to: "\(folder)/images/\(index).png")
      let mask = (0..<24).map { numbers[($0 % 6 + index) % numbers.count] }
      try PNG.write(plane(mask, 4, 6), to: "\(folder)/masks/\(index).png")
    }
  }

  @Test(arguments: [0, 1 << 20])
  func readsPairs(cacheBytes: Int) throws {
    try withFolder { folder in
      try make(folder, [0, 255])
      let data = try SegmentationFolder.load(
        folder, options: .usual, form: nil, check: .all, cacheBytes: cacheBytes)
      #expect(data.train.classNames == ["background", "foreground"] && data.train.hasPixelLabels)
      #expect(data.train.inputType == TensorType([5, 1, 4, 6], .uint8))
      #expect(data.train.targetType == TensorType([5, 4, 6], .int32))
      #expect(data.train.labels.isEmpty && data.form?.masks?.values == [0, 255])
      let batch = try data.train.batch([1, 3])
      #expect(Array(batch.targets.scalars(as: Int32.self)[..<6]) == [1, 0, 1, 0, 1, 0])
      #expect(batch.inputs.scalars(as: UInt8.self)[0] == 1 && batch.inputs.scalars(as: UInt8.self)[24] == 3)
      let (rest, aside) = try data.train.split(validation: 0.4, seed: 1)
      #expect(rest.count == 3 && aside.count == 2 && aside.hasPixelLabels)
      // A saved run reads masks by its own classes.
      let again = try SegmentationFolder.load(folder, form: data.form, check: .whenNeeded)
      #expect(try again.train.loaded().targets.scalars(as: Int32.self) == data.train.targets.scalars(as: Int32.self))
    }
  }

  @Test func numbersAreClassesAnd255IsNone() throws {
    try withFolder { folder in
      try #require(makeFolder(folder + "/train") && makeFolder(folder + "/val"))
      try make(folder + "/train", [0, 2, 255])
      try make(folder + "/val", [1, 0], count: 1)
      let data = try DataCatalog.load(folder)
      #expect(data.train.classNames == ["0", "1", "2"] && data.validation?.count == 1)
      let none = Dataset.ignoredLabel
      #expect(Array(data.train.targets.scalars(as: Int32.self)[..<6]) == [0, 2, none, 0, 2, none])
      try put(Array("sky\n road \ncar\n".utf8), folder + "/classes.txt")
      #expect(try DataCatalog.load(folder).train.classNames == ["sky", "road", "car"])
      try put(Array("sky\nroad\n".utf8), folder + "/classes.txt")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("names 2 classes, but masks hold numbers up to 2"))
      try put(Array("sky\nsky\n".utf8), folder + "/classes.txt")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("one twice"))
    }
  }

  @Test func paletteMasksGiveTheirNumbers() throws {
    try withFolder { folder in
      // 3 x 2 pixels of a palette of three colours: 0 1 2 / 2 1 0.
      let fixture = pictureFixtures + "../palette.png"
      for name in ["images", "masks"] { try #require(makeFolder("\(folder)/\(name)")) }
      let bytes = try FileBytes.read(fixture).withBytes { Array($0) }
      for index in 0..<2 {
        try put(bytes, "\(folder)/images/\(index).png")
        try put(bytes, "\(folder)/masks/\(index).png")
      }
      let data = try DataCatalog.load(folder)
      #expect(data.train.inputType.shape == [2, 3, 2, 3])
      #expect(try data.train.batch([0]).targets.scalars(as: Int32.self) == [0, 1, 2, 2, 1, 0])
      // Twice as large each pixel becomes four; the middle of a wider picture is kept.
      let large = try DataCatalog.load(folder, images: ImageOptions(height: 4, width: 4))
      #expect(
        try large.train.batch([1]).targets.scalars(as: Int32.self)
          == [0, 1, 1, 2, 0, 1, 1, 2, 2, 1, 1, 0, 2, 1, 1, 0])
    }
  }

  @Test func masksMoveWithTheirPictures() throws {
    try withFolder { folder in
      for name in ["images", "masks"] { try #require(makeFolder("\(folder)/\(name)")) }
      var generator = PhiloxGenerator(seed: 2, stream: 0)
      for index in 0..<12 {
        let pixels = (0..<64).map { _ in UInt8(Bool.random(using: &generator) ? 255 : 0) }
        try PNG.write(plane(pixels, 8, 8), to: "\(folder)/images/\(index).png")
        try PNG.write(plane(pixels, 8, 8), to: "\(folder)/masks/\(index).png")
      }
      let data = try DataCatalog.load(folder).train
      let augmentation = try Augmentation("flip,flip-vertical,crop=2")
      var moved = 0
      for batch in data.batches(of: 5, seed: 3, epoch: 1, augmentation: augmentation) {
        let (pixels, labels) = (batch.inputs.scalars(as: Float.self), batch.targets.scalars(as: Int32.self))
        #expect(batch.targets.type == TensorType([batch.count, 8, 8], .int32))
        for (pixel, label) in zip(pixels, labels) {
          #expect(label == Dataset.ignoredLabel ? pixel == 0 : pixel == Float(label) * 255)
        }
        moved += labels.count { $0 == Dataset.ignoredLabel }
      }
      #expect(moved > 0 && moved < 12 * 64 / 2)
      // Changes of values and cutout leave masks alone.
      let plain = data.batches(of: 12, shuffle: false, augmentation: try Augmentation("noise=0.1,cutout=3"))
      let labels = try data.loaded().targets.scalars(as: Int32.self)
      #expect(plain.makeIterator().next()?.targets.scalars(as: Int32.self) == labels)
    }
  }

  @Test func badPairsAreNamed() throws {
    try withFolder { folder in
      try make(folder, [0, 255])
      let photo = try FileBytes.read(pictureFixtures + "baseline.jpg").withBytes { Array($0) }
      let colours = try FileBytes.read(pictureFixtures + "photo.png").withBytes { Array($0) }
      try PNG.write(plane([1, 2], 1, 2), to: folder + "/masks/0.png")
      _ = unlink(folder + "/masks/1.png")
      _ = unlink(folder + "/images/2.png")
      try put([], folder + "/images/3.png")
      try put(photo, folder + "/images/a.jpg")
      try put(photo, folder + "/masks/a.jpg")
      try put(colours, folder + "/images/b.png")
      try put(colours, folder + "/masks/b.png")
      try put(colours, folder + "/images/b.jpg")
      let data = try DataCatalog.load(folder, images: ImageOptions(height: 4, width: 6, channels: 1, bad: .skip))
      #expect(data.train.count == 1)
      let expected = [
        ("masks/0.png", "has 2 x 1 pixels, its picture 6 x 4"), ("images/1.png", "has no mask"),
        ("masks/2.png", "mask without a picture"), ("images/3.png", "the file is empty"),
        ("masks/a.jpg", "a mask is a PNG file"), ("masks/b.png", "colours, not numbers"), ("b.", "has the name of"),
      ]
      for (name, words) in expected {
        let told = data.skipped.filter { $0.place.contains(name) && $0.problem.contains(words) }
        #expect(told.count == 1, "\(name): \(data.skipped.map(\.description))")
      }
      #expect(data.skipped.count == expected.count)
      #expect(message { _ = try DataCatalog.load(folder) }.contains("--bad-images skip"))
    }
    try withFolder { folder in
      try make(folder, [0])
      #expect(message { _ = try DataCatalog.load(folder) }.contains("only pixels of one class (0)"))
    }
    try withFolder { folder in
      try make(folder, [0, 1])
      let form = try DataCatalog.load(folder).form
      try PNG.write(plane([UInt8](repeating: 7, count: 24), 4, 6), to: folder + "/masks/2.png")
      let data = try DataCatalog.load(folder, form: form, check: .whenNeeded)
      #expect(message { _ = try data.train.loaded() }.contains("holds the number 7, which is no class"))
    }
  }

  @Test func masksGoBackToTheirPicturesSize() throws {
    let form = try PictureForm(channels: 1, height: 2, width: 2)
    try withFolder { folder in
      try PNG.write(plane([UInt8](repeating: 0, count: 32), 4, 8), to: folder + "/wide.png")
      let fitted = try FittedPicture(folder + "/wide.png", form)
      #expect(fitted.array.shape == [1, 2, 2] && fitted.width == 8 && fitted.height == 4)
      let back = fitted.original([1, 2, 3, 4], outside: 9)
      #expect(back.shape == [1, 4, 8])
      let rows: [UInt8] = [9, 9, 1, 1, 2, 2, 9, 9]
      let below: [UInt8] = [9, 9, 3, 3, 4, 4, 9, 9]
      #expect(back.scalars(as: UInt8.self) == rows + rows + below + below)
    }
  }
}

@Suite struct CIFARTests {
  /// Records whose pixels tell their number, channel and place.
  private func records(_ labels: [UInt8], coarse: Bool) -> [UInt8] {
    labels.enumerated().flatMap { number, label in
      (coarse ? [UInt8(9), label] : [label])
        + (0..<3072).map { UInt8(truncatingIfNeeded: $0 / 1024 * 50 + $0 + number) }
    }
  }

  @Test func readsBinaryFiles() throws {
    try withFolder { folder in
      for file in 1...5 {
        try put(records([UInt8(file), 9], coarse: false), "\(folder)/data_batch_\(file).bin")
      }
      try put(records([3], coarse: false), folder + "/test_batch.bin")
      let data = try DataCatalog.load(folder)
      #expect(data.train.inputType == TensorType([10, 3, 32, 32], .uint8) && data.test?.labels == [3])
      #expect(data.train.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9] && data.train.classNames[3] == "cat")
      let pixels = try data.train.batch([1]).inputs.scalars(as: UInt8.self)
      #expect(pixels[0] == 1 && pixels[1] == 2 && pixels[1024] == UInt8(truncatingIfNeeded: 50 + 1024 + 1))
      let names = "airplane automobile bird cat deer dog frog horse ship lorry"
      try put(Array(names.split(separator: " ").joined(separator: "\n").utf8) + [10, 10], folder + "/batches.meta.txt")
      #expect(try DataCatalog.load(folder).train.classNames[9] == "lorry")
    }
    try withFolder { folder in
      try #require(makeFolder(folder + "/cifar100"))
      try put(records([99, 0], coarse: true), folder + "/cifar100/train.bin")
      let found = DataFolders(roots: [folder])
      let data = try DataCatalog.load("CIFAR-100", in: found)
      #expect(data.name == "cifar100" && data.train.labels == [99, 0] && data.test == nil)
      #expect(data.train.classNames.count == 100)
      #expect(DataCatalog.entries(in: found).first { $0.name == "cifar100" }?.found == folder + "/cifar100")
      let missing = message { _ = try DataCatalog.load("cifar10", in: found) }
      #expect(missing.contains("not found in \(folder)/cifar10") && missing.contains("cifar-10-binary.tar.gz"))
    }
  }

  @Test func refusesDamage() throws {
    try withFolder { folder in
      let path = folder + "/data_batch_1.bin"
      try put(Array(records([1], coarse: false).dropLast()), path)
      #expect(message { _ = try DataCatalog.load(folder) }.contains("3072 bytes, not a number of records of 3073"))
      try put([], path)
      #expect(message { _ = try DataCatalog.load(folder) }.contains("has 0 bytes"))
      try put(records([1, 10], coarse: false), path)
      #expect(message { _ = try DataCatalog.load(folder) }.contains("the label of record 1 is 10"))
      try put(records([1], coarse: false), path)
      try put(Array("a\nb\n".utf8), folder + "/batches.meta.txt")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("names 2 classes, not 10"))
    }
  }
}
