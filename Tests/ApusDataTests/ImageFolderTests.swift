import ApusFormats
import ApusTensor
import Testing

@testable import ApusData

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ImageFolderTests {
  /// A gray picture of one brightness.
  private func plain(_ value: UInt8, _ height: Int = 6, _ width: Int = 6) -> HostArray {
    HostArray([UInt8](repeating: value, count: height * width), shape: [1, height, width])
  }

  /// Folders `bright`, `dark` and `mid` with so many pictures, the number of a picture in its brightness.
  private func makeClasses(_ folder: String, _ count: Int = 4) throws {
    for (number, name) in ["mid", "dark", "bright"].enumerated() {
      try #require(makeFolder("\(folder)/\(name)"))
      for index in 0..<count {
        try PNG.write(plain(UInt8([100, 0, 200][number] + index)), to: "\(folder)/\(name)/\(index).png")
      }
    }
  }

  private func brightness(_ data: Dataset) throws -> [UInt8] {
    let size = data.sampleShape.elementCount
    let values = try data.loaded().inputs.scalars(as: UInt8.self)
    return stride(from: 0, to: values.count, by: size).map { values[$0] }
  }

  @Test(arguments: [0, 1 << 20])
  func readsAFolderForEachClass(cacheBytes: Int) throws {
    try withFolder { folder in
      try makeClasses(folder)
      let data = try ImageFolder.load(
        folder, options: .usual, form: nil, check: .all, cacheBytes: cacheBytes)
      #expect(data.train.classNames == ["bright", "dark", "mid"])
      #expect(data.train.labels == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
      #expect(data.train.inputType == TensorType([12, 1, 6, 6], .uint8))
      #expect(data.form == (try PictureForm(channels: 1, height: 6, width: 6)) && data.skipped.isEmpty)
      #expect(try brightness(data.train) == [200, 201, 202, 203, 0, 1, 2, 3, 100, 101, 102, 103])
      // A split, batches in another order and a normalization see the same pictures as an array in memory.
      let (train, validation) = try data.train.split(validation: 0.25, seed: 3)
      #expect(train.count == 9 && validation.classCounts == [1, 1, 1])
      let normalization = try Normalization(fitting: train)
      let memory = try train.loaded()
      #expect(normalization == (try Normalization(fitting: memory)))
      let augmentation = try Augmentation("shift=1,noise=0.1")
      for changes in [nil, augmentation] {
        let (streamed, kept) = (
          train.batches(of: 4, seed: 2, epoch: 1, normalization: normalization, augmentation: changes),
          memory.batches(of: 4, seed: 2, epoch: 1, normalization: normalization, augmentation: changes)
        )
        let pairs = zip(Array(streamed), Array(kept))
        #expect(streamed.count == 3 && Array(streamed).count == 3)
        for (a, b) in pairs {
          #expect(a.inputs.scalars(as: Float.self) == b.inputs.scalars(as: Float.self))
          #expect(a.targets.scalars(as: Int32.self) == b.targets.scalars(as: Int32.self))
        }
        try streamed.check()
      }
      #expect(try DataCatalog.load(folder).train.labels == data.train.labels)
    }
  }

  @Test func readsParts() throws {
    try withFolder { folder in
      for part in ["train", "val", "test", "other"] {
        try #require(makeFolder("\(folder)/\(part)"))
        try makeClasses("\(folder)/\(part)", part == "train" ? 3 : 1)
      }
      let data = try DataCatalog.load(folder)
      #expect(data.train.count == 9 && data.validation?.count == 3 && data.test?.labels == [0, 1, 2])
      #expect(data.train.name == folder + " training" && data.test?.name == folder + " test")
      try #require(makeFolder(folder + "/test/new"))
      try PNG.write(plain(1), to: folder + "/test/new/1.png")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("test/new: the training part has no class 'new'"))
    }
  }

  @Test func choosesTheForm() throws {
    try withFolder { folder in
      try makeClasses(folder)
      try PNG.write(plain(9, 12, 20), to: folder + "/dark/wide.png")
      #expect(try DataCatalog.load(folder).train.sampleShape == [1, 6, 6])
      let options = try ImageOptions(height: 4, width: 5, channels: 3)
      #expect(try DataCatalog.load(folder, images: options).train.sampleShape == [3, 4, 5])
      let form = try PictureForm(channels: 3, height: 2, width: 2)
      #expect(try DataCatalog.load(folder, form: form, check: .whenNeeded).train.sampleShape == [3, 2, 2])
      try PNG.write(
        HostArray([UInt8](repeating: 1, count: 3 * 36), shape: [3, 6, 6]), to: folder + "/dark/colour.png")
      #expect(try DataCatalog.load(folder).train.sampleShape == [3, 6, 6])
    }
    let chosen = try ImageOptions(channels: 1)
    #expect(message { _ = try DataCatalog.load("digits", images: chosen) }.contains("is no folder of pictures"))
  }

  /// Puts one file of every bad kind into a folder; what its sentence says.
  private func makeBadFiles(_ folder: String) throws -> [(name: String, words: String)] {
    let whole = try PNG.encode(plain(1, 30, 30))
    try put(Array(whole[..<(whole.count - 20)]), folder + "/cut.png")
    try put([], folder + "/empty.png")
    try put(Array("this is text".utf8), folder + "/text.jpg")
    let photo = try FileBytes.read(pictureFixtures + "baseline.jpg").withBytes { Array($0) }
    try put(Array(photo[..<700]), folder + "/cut.jpg")
    var huge = whole
    for place in [16, 20] { huge.replaceSubrange(place..<place + 4, with: [0, 0, 0xea, 0x60]) }
    try put(huge, folder + "/huge.png")
    try put(Array("notes".utf8), folder + "/notes.txt")
    #expect(symlink("..", folder + "/loop") == 0)
    #expect(symlink("nowhere.png", folder + "/gone.png") == 0)
    #expect(mkfifo(folder + "/pipe.png", 0o644) == 0)
    let bytes = Array(folder.utf8) + [UInt8(ascii: "/"), 0xff, 0xfe, UInt8(ascii: "x"), 0]
    let file = try #require(bytes.withUnsafeBytes { fopen($0.bindMemory(to: CChar.self).baseAddress, "w") })
    fclose(file)
    return [
      ("cut.png", "cut short"), ("empty.png", "the file is empty"), ("text.jpg", "neither a PNG nor a JPEG"),
      ("cut.jpg", "cut short or damaged"), ("huge.png", "damaged"), ("notes.txt", "neither a PNG nor a JPEG"),
      ("loop", "symbolic link back"), ("gone.png", "symbolic link to nothing"), ("pipe.png", "neither a file"),
      ("x", "not valid UTF-8"),
    ]
  }

  @Test func badFilesAreNamedAndRefusedOrLeftOut() throws {
    try withFolder { folder in
      try makeClasses(folder)
      let kinds = try makeBadFiles(folder + "/dark")
      let skip = try ImageOptions(bad: .skip)
      let data = try DataCatalog.load(folder, images: skip)
      #expect(data.train.classCounts == [4, 4, 4] && data.skipped.count == kinds.count)
      for kind in kinds {
        let told = data.skipped.filter { $0.place.hasSuffix(kind.name) && $0.problem.contains(kind.words) }
        #expect(told.count == 1, "\(kind.name): \(data.skipped.map(\.description))")
      }
      #expect(try brightness(data.train).sorted() == [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203])
      // The same files are left out when a saved run reads its data again.
      let again = try DataCatalog.load(folder, images: skip, form: data.form, check: .whenNeeded)
      #expect(again.train.count == 12 && again.skipped.count == kinds.count)
      let refused = message { _ = try DataCatalog.load(folder) }
      #expect(refused.contains("--bad-images skip"))
      for name in ["loop", "gone.png", "pipe.png"] { _ = unlink("\(folder)/dark/\(name)") }
      #expect(message { _ = try DataCatalog.load(folder) }.contains("not valid UTF-8"))
    }
    for name in ["cut.png", "empty.png", "text.jpg", "cut.jpg", "huge.png", "notes.txt"] {
      try withFolder { folder in
        try makeClasses(folder)
        try #require(makeFolder(folder + "/store"))
        _ = try makeBadFiles(folder + "/store")
        #expect(rename("\(folder)/store/\(name)", "\(folder)/dark/\(name)") == 0)
        for rest in ["loop", "gone.png", "pipe.png"] { _ = unlink("\(folder)/store/\(rest)") }
        #expect(rename(folder + "/store", folder + "/.hidden") == 0)
        let text = message { _ = try DataCatalog.load(folder) }
        #expect(text.hasPrefix("\(folder)/dark/\(name): ") && text.contains("--bad-images skip"), "\(text)")
      }
    }
  }

  @Test func foldersWithoutClassesAreRefused() throws {
    try withFolder { folder in
      #expect(message { _ = try DataCatalog.load(folder) }.contains("lacks train-images"))
      try #require(makeFolder(folder + "/cat"))
      #expect(message { _ = try DataCatalog.load(folder) }.contains("its folders hold no PNG or JPEG pictures"))
      #expect(message { _ = try ImageFolder.load(folder) }.contains("cat: this class folder holds no files"))
      try PNG.write(plain(1), to: folder + "/cat/1.png")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("pictures of only one class, 'cat'"))
      try #require(makeFolder(folder + "/dog"))
      #expect(message { _ = try DataCatalog.load(folder) }.contains("dog: this class folder holds no files"))
      try PNG.write(plain(2), to: folder + "/dog/1.png")
      #expect(try DataCatalog.load(folder).train.count == 2)
      try PNG.write(plain(2), to: folder + "/loose.png")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("loose.png: this picture lies in no class folder"))
      _ = unlink(folder + "/loose.png")
      try put(Array("about".utf8), folder + "/README.txt")
      #expect(try DataCatalog.load(folder).train.count == 2)
      try put([1], folder + "/dog/1.png")
      let skip = try ImageOptions(bad: .skip)
      #expect(try DataCatalog.load(folder, images: skip).train.classCounts == [1, 0])
      try put([1], folder + "/cat/1.png")
      #expect(message { _ = try DataCatalog.load(folder, images: skip) }.contains("no pictures that can be used"))
    }
  }

  @Test func aFileThatIsGoneEndsTheBatchesWithASentence() throws {
    try withFolder { folder in
      try makeClasses(folder)
      let data = try ImageFolder.load(folder, options: .usual, form: nil, check: .all, cacheBytes: 0).train
      _ = unlink(folder + "/dark/2.png")
      for prefetch in [0, 2] {
        let batches = data.batches(of: 4, shuffle: false, prefetch: prefetch)
        #expect(Array(batches).count == 1)
        #expect(message { try batches.check() }.contains("dark/2.png: cannot be read (no such file"))
      }
      #expect(message { _ = try data.loaded() }.contains("dark/2.png"))
      #expect(message { _ = try data.batch([6]) }.contains("dark/2.png"))
      // What was decoded once is kept.
      let kept = try ImageFolder.load(folder, options: .usual, form: nil, check: .all, cacheBytes: 1 << 20).train
      _ = unlink(folder + "/dark/1.png")
      #expect(try brightness(kept).count == 11)
    }
  }

  @Test func linksToFoldersAreFollowedOnce() throws {
    try withFolder { folder in
      try makeClasses(folder, 2)
      try #require(makeFolder(folder + "/dark/more"))
      try PNG.write(plain(50), to: folder + "/dark/more/a.png")
      #expect(symlink("more", folder + "/dark/same") == 0)
      #expect(try DataCatalog.load(folder).train.classCounts == [2, 3, 2])
    }
  }
}
