import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a network that has learnt something else is worth where there are few pictures: accuracy against pictures a class, for
/// the same network from scratch, with its published weights frozen, and fine-tuned.
///
///     scripts/get-pretrained
///     swift run -c release FewImages FOLDER efficientnet-lite0-57934424.pth
///
/// The network is EfficientNet-Lite0, which knows photographs; the task is the ten kinds of clothes of Fashion-MNIST, gray pictures
/// made twice as large. `FOLDER/few-images.jsonl` gets a line for each training, `FOLDER/few-images.svg` the means.
@main
enum FewImages {
  static let counts = [1, 2, 5, 10, 20]
  static let seeds: [UInt64] = [1, 2, 3]

  static func main() {
    do {
      let words = Array(CommandLine.arguments.dropFirst())
      guard words.count == 2 else {
        throw TrainingError(
          "the command line", "needs a folder and a file of weights", advice: "see the head of the source")
      }
      try run(folder: words[0], weights: words[1])
    } catch {
      StandardStreams.error("few-images: \(error).\n")
      exit(1)
    }
  }

  static func run(folder: String, weights: String) throws {
    try RunFolder(folder).create()
    let clothes = try FashionMNIST()
    let test = try Clothes.enlarged(clothes.test.subset(Array(0..<2000)))
    var lines = ""
    var means: [Way: [Double]] = [:]
    for count in counts {
      var sums: [Way: Double] = [:]
      for seed in seeds {
        let few = try Clothes.enlarged(clothes.train.subset(Clothes.rows(of: clothes.train, count, seed: seed)))
        for (way, accuracy) in try Comparison(few, test, weights: weights, seed: seed).accuracies() {
          sums[way, default: 0] += accuracy / Double(seeds.count)
          let line =
            "{\"images\": \(count), \"seed\": \(seed), \"way\": \"\(way.rawValue)\", \"accuracy\": \(accuracy)}\n"
          StandardStreams.error(line)
          lines += line
        }
      }
      for (way, mean) in sums { means[way, default: []].append(mean) }
    }
    try AtomicFile.write(lines, to: folder + "/few-images.jsonl")
    let curves = Way.allCases.map { way in
      Series.line(way.rawValue, x: counts.map(Double.init), y: (means[way] ?? []).map { $0 * 100 })
    }
    try Figure(
      "EfficientNet-Lite0 on clothes", x: Axis("pictures a class"), y: Axis("accuracy, %", from: 0), series: curves
    ).write(to: folder + "/few-images.svg")
  }
}

/// How the network comes to its weights.
enum Way: String, CaseIterable {
  case scratch = "from scratch"
  case frozen = "frozen features"
  case fineTuned = "fine-tuned"
}

/// Pictures as the network takes them.
enum Clothes {
  /// So many rows of every class, which a seed chooses.
  static func rows(of data: Dataset, _ count: Int, seed: UInt64) -> [Int] {
    var generator = PhiloxGenerator(seed: seed, stream: 0)
    let labels = data.labels
    return (0..<data.classCount).flatMap { label in
      labels.indices.filter { Int(labels[$0]) == label }.shuffled(using: &generator).prefix(count)
    }
  }

  /// Gray 28x28 as three equal channels of 56x56.
  static func enlarged(_ data: Dataset) throws -> Dataset {
    let bytes = data.inputs.scalars(as: UInt8.self)
    let side = 56
    var large = [UInt8](repeating: 0, count: data.count * 3 * side * side)
    for index in large.indices {
      let (row, column, sample) = (index / side % side, index % side, index / (3 * side * side))
      large[index] = bytes[sample * 784 + row / 2 * 28 + column / 2]
    }
    return try Dataset(
      name: data.name, inputs: HostArray(large, shape: [data.count, 3, side, side]), targets: data.targets,
      classNames: data.classNames)
  }
}

/// The three ways on the same pictures.
struct Comparison {
  private static let shape = [3, 56, 56]
  private let train: Dataset
  private let test: Dataset
  private let weights: String
  private let seed: UInt64
  private let normalization = Normalization(
    grouping: .whole, scale: 1 / 255, mean: [127 / 255], deviation: [128 / 255])

  init(_ train: Dataset, _ test: Dataset, weights: String, seed: UInt64) {
    (self.train, self.test, self.weights, self.seed) = (train, test, weights, seed)
  }

  func accuracies() throws -> [(Way, Double)] {
    let fresh = withRandomSeed(seed) { EfficientNetLite(classes: train.classCount) }
    try fit(fresh, train, epochs: 60, rate: 1e-3)
    let source = EfficientNetLite()
    try source.load(from: weights)
    var network = try withRandomSeed(seed) {
      try TransferNetwork(source, sampleShape: Self.shape, outputs: train.classCount, dropout: 0.2)
    }
    try network.freeze(.all)
    let features = try network.frozenFeatures(of: train, normalization: normalization)
    try fit(network.trainedPart, features, epochs: 60, rate: 2e-3, normalization: .scaleOnly(.float32))
    let frozen = try accuracy(network)
    // The upper half, then a little of all of it, slower the lower.
    for (stage, choice) in [LayerChoice("_blocks.9"), LayerChoice("_blocks.4")].enumerated() {
      try network.freeze(choice)
      let features = try network.frozenFeatures(of: train, normalization: normalization)
      let groups = [
        ParameterGroup(matching: "features._blocks.1", learningRateFactor: 1 / 2.6),
        ParameterGroup(matching: "features._conv_head", learningRateFactor: 1 / 2.6),
        ParameterGroup(matching: "features._bn1", learningRateFactor: 1 / 2.6),
        ParameterGroup(matching: "features.", learningRateFactor: 1 / 2.6 / 2.6),
      ]
      try fit(
        network.trainedPart, features, epochs: 15, rate: stage == 0 ? 1e-3 : 5e-4, groups: groups,
        normalization: .scaleOnly(.float32))
    }
    return [(.scratch, try accuracy(fresh)), (.frozen, frozen), (.fineTuned, try accuracy(network))]
  }

  private func fit<Model: Layer>(
    _ model: Model, _ data: Dataset, epochs: Int, rate: Double, groups: [ParameterGroup] = [],
    normalization: Normalization? = nil
  ) throws {
    var options = TrainingOptions()
    (options.batchSize, options.seed) = (20, seed)
    options.normalization = normalization ?? self.normalization
    let optimizer = Adam(learningRate: rate)
    optimizer.groups = groups
    try Trainer(model, loss: crossEntropy, optimizer: optimizer, options: options).fit(data, epochs: epochs)
  }

  private func accuracy(_ model: some Layer) throws -> Double {
    try evaluate(model, on: test, loss: crossEntropy, normalization: normalization).accuracy ?? 0
  }
}
