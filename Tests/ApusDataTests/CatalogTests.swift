import ApusFormats
import ApusTensor
import Testing

@testable import ApusData

@Suite struct CatalogTests {
  private func makeIDX(_ folder: String, pixels: UInt8 = 0) throws {
    try put(idx([4, 2, 3], [UInt8](repeating: pixels, count: 24)), folder + "/train-images-idx3-ubyte")
    try put(idx([4], [0, 1, 2, 3]), folder + "/train-labels-idx1-ubyte")
    try put(idx([2, 2, 3], [UInt8](0..<12)), folder + "/t10k-images-idx3-ubyte")
    try put(idx([2], [3, 0]), folder + "/t10k-labels-idx1-ubyte")
  }

  @Test func digitsAreShipped() throws {
    let data = try DataCatalog.load("Digits")
    let test = try #require(data.test)
    #expect(data.name == "digits" && data.validation == nil)
    #expect(data.train.count == 1438 && test.count == 359)
    #expect(data.train.sampleShape == [1, 8, 8] && data.train.inputs.dtype == .uint8)
    #expect(zip(data.train.classCounts, test.classCounts).map(+) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    // The first line of the file: 0,0,5,13,9,1,0,0,...,0 (a zero).
    let pixels = data.train.inputs.scalars(as: UInt8.self) + test.inputs.scalars(as: UInt8.self)
    let first: [UInt8] = [0, 0, 80, 207, 143, 16, 0, 0]
    #expect(stride(from: 0, to: pixels.count, by: 64).contains { Array(pixels[$0..<$0 + 8]) == first })
    #expect(Set(pixels).count == 17 && pixels.max() == 255)
    #expect(try Digits().train.inputs.scalars(as: UInt8.self) == data.train.inputs.scalars(as: UInt8.self))
  }

  @Test func findsIDXFolders() throws {
    try withFolder { folder in
      try makeIDX(folder)
      let data = try DataCatalog.load(folder)
      #expect(data.train.inputs.shape == [4, 1, 2, 3] && data.test?.inputs.scalars(as: UInt8.self) == [UInt8](0..<12))
      #expect(data.train.labels == [0, 1, 2, 3] && data.test?.labels == [3, 0])
      #expect(data.train.classNames == ["0", "1", "2", "3"])
      try put(idx([3], [0, 1, 2]), folder + "/train-labels-idx1-ubyte")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("4 inputs but 3 targets"))
      try put(idx([4, 6], [UInt8](repeating: 0, count: 24)), folder + "/train-images-idx3-ubyte")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("not pictures"))
      try put([], folder + "/t10k-labels-idx1-ubyte")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("t10k-labels-idx1-ubyte: is empty"))
    }
    try withFolder { folder in
      try put([1], folder + "/notes.txt")
      #expect(message { _ = try DataCatalog.load(folder) }.contains("lacks train-images-idx3-ubyte"))
    }
  }

  @Test func looksInTheFoldersInOrder() throws {
    try withFolder { folder in
      let folders = DataFolders(roots: [folder + "/absent", folder])
      try #require(makeFolder(folder + "/mnist") && makeFolder(folder + "/fashion-mnist"))
      try makeIDX(folder + "/mnist")
      try makeIDX(folder + "/fashion-mnist", pixels: 7)
      let mnist = try MNIST(in: folders)
      #expect(mnist.train.count == 4 && mnist.test.count == 2 && mnist.train.classNames == MNIST.classNames)
      #expect(try DataCatalog.load("MNIST", in: folders).name == "mnist")
      let fashion = try FashionMNIST(in: folders)
      #expect(fashion.train.inputs.scalars(as: UInt8.self).first == 7)
      #expect(fashion.test.classNames[3] == "Dress")
      let entries = DataCatalog.entries(in: folders)
      #expect(
        entries.map(\.name) == [
          "digits", "fashion-mnist", "mnist", "cifar10", "cifar100", "iris", "wine", "breast-cancer", "diabetes",
          "cmudict", "english-spanish",
        ])
      #expect(entries[2].found == folder + "/mnist")
      #expect(entries[2].places == [folder + "/absent/mnist", folder + "/mnist"])
      #expect(entries.allSatisfy { !$0.summary.isEmpty && !$0.licence.isEmpty })
      // The pairs of texts may be installed as packages.
      let missing = entries.dropLast(2).filter { !$0.isAvailable }.map(\.name)
      #expect(missing == ["cifar10", "cifar100", "diabetes"])
      #expect(entries[0].found == nil && entries[1].places.last == "/usr/share/datasets/fashion-mnist")
    }
    let nowhere = DataFolders(roots: ["/nowhere"])
    #expect(
      message { _ = try DataCatalog.load("mnist", in: nowhere) }
        == "mnist: the data set was not found in /nowhere/mnist; get it with: scripts/get-mnist")
    #expect(DataCatalog.entries(in: nowhere)[2].isAvailable == false)
    #expect(
      message { _ = try DataCatalog.load("diabetes", in: nowhere) }
        == "diabetes: the data set was not found in /nowhere/diabetes; get it with: scripts/get-tables")
    #expect(DataFolders.standard.roots.last == "./data")
  }

  @Test(.enabled(if: DataCatalog.entries()[1].isAvailable, "needs dataset-fashion-mnist"))
  func readsFashionMNIST() throws {
    let data = try FashionMNIST()
    #expect(data.train.inputs.type == TensorType([60_000, 1, 28, 28], .uint8) && data.test.count == 10_000)
    #expect(data.train.classCounts == [Int](repeating: 6000, count: 10))
    #expect(data.test.labels.prefix(5) == [9, 2, 1, 1, 6])
    let first = data.train.inputs.withUnsafeBytes { $0[..<784].reduce(0) { $0 + Int($1) } }
    #expect(first == 76_247)
  }

  @Test(.enabled(if: DataCatalog.entries()[2].isAvailable, "needs scripts/get-mnist"))
  func readsMNIST() throws {
    let data = try MNIST()
    #expect(data.train.inputs.type == TensorType([60_000, 1, 28, 28], .uint8) && data.test.count == 10_000)
    #expect(data.train.labels.prefix(5) == [5, 0, 4, 1, 9] && data.test.labels.prefix(5) == [7, 2, 1, 0, 4])
  }

  @Test func suggestsNames() {
    let wrong = message { _ = try DataCatalog.load("fashion_minst") }
    #expect(wrong.contains("did you mean fashion-mnist"))
    #expect(message { _ = try DataCatalog.load("digit") }.contains("did you mean digits"))
    #expect(message { _ = try DataCatalog.load("mnits") }.contains("did you mean mnist"))
    let far = message { _ = try DataCatalog.load("imagenet-21k") }
    #expect(!far.contains("did you mean") && far.contains("choose one of: digits, fashion-mnist, mnist"))
    #expect(message { _ = try DataCatalog.load("") }.contains("no data set of this name"))
    #expect(message { _ = try DataCatalog.load("my/data.npz") }.contains("no such file or folder"))
    #expect(NearestNames.of("lenet", among: ["lenet5", "alexnet", "mlp"]).first == "lenet5")
    #expect(NearestNames.of("vgg", among: ["a1", "vgg11", "vgg13", "vgg16", "vgg19"], limit: 2) == ["vgg11", "vgg13"])
    #expect(NearestNames.editDistance(Array("kitten"), Array("sitting")) == 3)
    #expect(NearestNames.editDistance(Array("ab"), Array("ba")) == 1)
  }

  @Test func dataPartsMustAgree() throws {
    let train = try sample(6, [3])
    #expect(message { _ = try LoadedData(name: "d", train: train, test: try sample(6, [4])) }.contains("f32[4]"))
    let other = message { _ = try LoadedData(name: "d", train: train, validation: try sample(6, classes: 2)) }
    #expect(other.contains("other classes"))
  }
}

@Suite struct NPZDatasetTests {
  private func load(_ arrays: [String: HostArray]) throws -> LoadedData {
    var result: LoadedData?
    try withFolder { folder in
      try NPZ.write(arrays, to: folder + "/d.npz")
      result = try DataCatalog.load(folder + "/d.npz")
    }
    return try #require(result)
  }

  private let x = HostArray((0..<8).map { Float($0) }, shape: [4, 2])
  private let y = HostArray([Int64(0), 1, 2, 1], shape: [4])

  @Test func readsEveryPart() throws {
    let data = try load([
      "x_train": x, "y_train": y, "x_validation": x, "y_validation": HostArray([Float(2), 1, 0, 0], shape: [4, 1]),
      "x_test": x, "y_test": HostArray([UInt8(0), 0, 0, 1], shape: [4]), "other": x,
    ])
    #expect(data.train.labels == [0, 1, 2, 1] && data.train.classNames == ["0", "1", "2"])
    #expect(data.validation?.labels == [2, 1, 0, 0] && data.test?.labels == [0, 0, 0, 1])
    #expect(data.train.inputs.scalars(as: Float.self) == x.scalars(as: Float.self))
    #expect(try load(["x_train": x, "y_train": y]).test == nil)
  }

  @Test func ordersPictures() throws {
    let bytes = (0..<4 * 12).map { UInt8($0) }
    func shape(_ shape: Shape) throws -> HostArray {
      try load(["x_train": HostArray(bytes, shape: shape), "y_train": y]).train.inputs
    }
    #expect(try shape([4, 4, 3]).shape == [4, 1, 4, 3])
    #expect(try shape([4, 3, 2, 2]).shape == [4, 3, 2, 2])
    let moved = try shape([4, 2, 2, 3])
    #expect(moved.shape == [4, 3, 2, 2])
    #expect(Array(moved.scalars(as: UInt8.self)[12..<24]) == [12, 15, 18, 21, 13, 16, 19, 22, 14, 17, 20, 23])
    #expect(try shape([4, 12]).shape == [4, 12])
  }

  @Test func realTargetsAreQuantities() throws {
    let half = HostArray([Double(0), 1.5, -2, 7], shape: [4])
    let data = try load(["x_train": x, "y_train": half, "x_test": x, "y_test": half])
    #expect(data.train.classCount == 0 && data.train.targets.type == TensorType([4, 1], .float32))
    #expect(data.test?.targets.scalars(as: Float.self) == [0, 1.5, -2, 7])
    let wide = HostArray((0..<12).map { Float($0) }, shape: [4, 3])
    #expect(try load(["x_train": x, "y_train": wide]).train.targets.shape == [4, 3])
    let narrow = ["x_train": x, "y_train": wide, "x_test": x, "y_test": half]
    #expect(message { _ = try load(narrow) }.contains("same targets"))
    // Few whole numbers are labels, many are quantities; the caller knows better.
    let many = HostArray((0..<21).map { Float($0) }, shape: [21])
    let inputs = HostArray([Float](repeating: 0, count: 21), shape: [21, 1])
    #expect(try load(["x_train": inputs, "y_train": many]).train.classCount == 0)
    try withFolder { folder in
      let path = folder + "/d.npz"
      try NPZ.write(["x_train": inputs, "y_train": many], to: path)
      var options = CSVOptions()
      options.kind = .classification
      #expect(try DataCatalog.load(path, csv: options).train.classCount == 21)
      try NPZ.write(["x_train": x, "y_train": y], to: path)
      options.kind = .regression
      #expect(try DataCatalog.load(path, csv: options).train.targets.scalars(as: Float.self) == [0, 1, 2, 1])
      options.targets = ["a"]
      #expect(message { _ = try DataCatalog.load(path, csv: options) }.contains("is no table"))
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    func problem(_ arrays: [String: HostArray]) -> String { message { _ = try load(arrays) } }
    #expect(problem(["y_train": y, "b": x, "a": x]).contains("no member x_train (it has: a, b, y_train)"))
    #expect(problem(["x_train": x]).contains("no member y_train"))
    #expect(problem(["x_train": x, "y_train": y, "x_test": x]).contains("has x_test but not y_test"))
    #expect(problem(["x_train": x, "y_train": y, "y_validation": y]).contains("has y_validation but not x_validation"))
    func labels(_ labels: HostArray) -> String { problem(["x_train": x, "y_train": labels]) }
    #expect(labels(HostArray([Int32(0), 1, 2], shape: [3])).contains("4 samples but y_train 3 labels"))
    #expect(labels(HostArray([Int32(0), -1, 2, 1], shape: [4])).contains("label 1 is -1, not a whole number from 0"))
    #expect(labels(HostArray([0, 1, Float.nan, 1], shape: [4])).contains("target 2 is nan"))
    #expect(labels(HostArray([0, 1, -1, Float(1)], shape: [4])).contains("label 2 is -1"))
    #expect(labels(HostArray([Int64(0), 1, 1 << 40, 1], shape: [4])).contains("more than any number of classes"))
    let oneHot = HostArray([Float(1), 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], shape: [4, 3])
    #expect(labels(oneHot).contains("one-hot"))
    #expect(labels(HostArray([Float(0)], shape: [])).contains("have the shape []"))
    #expect(problem(["x_train": HostArray([Float](), shape: [0, 2]), "y_train": y]).contains("holds no samples"))
    let unknown = ["x_train": x, "y_train": y, "x_test": x, "y_test": HostArray([Int32(0), 3, 0, 0], shape: [4])]
    #expect(problem(unknown).contains("label 1 of y_test is 3, but y_train has only 3 classes"))
    let wide = HostArray([Float](repeating: 0, count: 12), shape: [4, 3])
    #expect(problem(["x_train": x, "y_train": y, "x_test": wide, "y_test": y]).contains("same shape"))
    try withFolder { folder in
      try put([1, 2, 3], folder + "/d.npz")
      #expect(message { _ = try DataCatalog.load(folder + "/d.npz") }.contains("not a zip archive"))
      try put([], folder + "/d.npz")
      #expect(message { _ = try DataCatalog.load(folder + "/d.npz") }.contains("d.npz: is empty"))
      try put([1], folder + "/d.npy")
      #expect(message { _ = try DataCatalog.load(folder + "/d.npy") }.contains("a .npy file is not a data set"))
    }
  }
}
