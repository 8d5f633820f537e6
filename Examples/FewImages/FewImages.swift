import Apus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a network that knows something else is worth where there are few pictures: accuracy against pictures a class, for the
/// same network from scratch, with its published weights frozen, and fine-tuned.
///
///     scripts/get-pretrained
///     swift run -c release FewImages efficientnet-lite0-57934424.pth FOLDER
///
/// The network is EfficientNet-Lite0, which knows photographs; the task is the ten kinds of clothes of Fashion-MNIST, gray pictures
/// made twice as large, the first 2,000 test pictures. `FOLDER/few-images.jsonl` gets a line for each training,
/// `FOLDER/few-images.svg` the means.
@main
enum FewImages {
  static let counts = [1, 2, 5, 10, 20]
  static let seeds: [UInt64] = [1, 2, 3]

  static func main() {
    do {
      let words = Array(CommandLine.arguments.dropFirst())
      guard words.count == 2 else {
        throw TrainingError(
          "the command line", "has \(words.count) words", advice: "give a file of weights and a folder")
      }
      try run(weights: words[0], folder: words[1])
    } catch {
      StandardStreams.error("few-images: \(error).\n")
      exit(1)
    }
  }

  static func run(weights: String, folder: String) throws {
    try RunFolder(folder).create()
    let clothes = try FashionMNIST()
    let test = try clothes.test.subset(Array(0..<2000)).enlarged()
    let comparison = Comparison(test, weights: weights)
    var lines = ""
    var found: [Way: [[Double]]] = [:]
    for count in counts {
      var accuracies: [Way: [Double]] = [:]
      for seed in seeds {
        let part = try clothes.train.subset(clothes.train.rows(count, seed: seed)).enlarged()
        for (way, accuracy) in try comparison.accuracies(part, seed: seed) {
          accuracies[way, default: []].append(accuracy)
          let line =
            "{\"images\": \(count), \"seed\": \(seed), \"way\": \"\(way.rawValue)\", \"accuracy\": \(accuracy)}\n"
          StandardStreams.error(line)
          lines += line
        }
      }
      for (way, values) in accuracies { found[way, default: []].append(values) }
    }
    try AtomicFile.write(lines, to: folder + "/few-images.jsonl")
    let curves = Way.allCases.map { way in
      Series.line(
        way.rawValue, x: counts.map(Double.init),
        y: (found[way] ?? []).map { $0.reduce(0, +) * 100 / Double($0.count) })
    }
    try Figure(
      "EfficientNet-Lite0 on clothes", x: Axis("pictures a class"), y: Axis("accuracy, %"), series: curves
    ).write(to: folder + "/few-images.svg")
  }
}

/// How the network comes to its weights.
enum Way: String, CaseIterable {
  case scratch = "from scratch"
  case frozen = "frozen features"
  case fineTuned = "fine-tuned"
}

extension Dataset {
  /// Gray 28x28 as three equal channels of 56x56.
  func enlarged() throws -> Dataset {
    let (bytes, side) = (inputs.scalars(as: UInt8.self), 56)
    var large = [UInt8](repeating: 0, count: count * 3 * side * side)
    for index in large.indices {
      let (row, column, sample) = (index / side % side, index % side, index / (3 * side * side))
      large[index] = bytes[sample * 784 + row / 2 * 28 + column / 2]
    }
    return try Dataset(
      name: name, inputs: HostArray(large, shape: [count, 3, side, side]), targets: targets, classNames: classNames)
  }

  /// So many rows of every class.
  func rows(_ count: Int, seed: UInt64) -> [Int] {
    var generator = PhiloxGenerator(seed: seed, stream: 0)
    let all = labels
    return (0..<classCount).flatMap { label in
      all.indices.filter { Int(all[$0]) == label }.shuffled(using: &generator).prefix(count)
    }
  }
}

/// The three ways on the same pictures.
struct Comparison {
  private let test: Dataset
  private let weights: String
  private let normalization = Normalization(grouping: .whole, scale: 1 / 255, mean: [127 / 255], deviation: [128 / 255])

  init(_ test: Dataset, weights: String) { (self.test, self.weights) = (test, weights) }

  func accuracies(_ train: Dataset, seed: UInt64) throws -> [(Way, Double)] {
    // Few batches: with the momentum 0.01 of the published network its statistics would hardly move.
    var fresh = try withRandomSeed(seed) {
      try TransferNetwork(EfficientNetLite(), sampleShape: [3, 56, 56], outputs: train.classCount, dropout: 0.2)
    }
    try fresh.freeze(.none)
    fresh.trainsStatistics = true
    try fit(fresh, train, steps: 400, rate: 1e-3, seed: seed, normalization: normalization)
    let source = EfficientNetLite()
    try source.load(from: weights)
    var network = try withRandomSeed(seed) {
      try TransferNetwork(source, sampleShape: [3, 56, 56], outputs: train.classCount, dropout: 0.2)
    }
    try network.freeze(.all)
    try fit(network, train, steps: 300, rate: 2e-3, seed: seed)
    let frozen = try accuracy(network)
    // Then the layers above the tenth block, and then those above the fifth, slower the lower.
    try network.freeze(LayerChoice("_blocks.9"))
    try fit(
      network, train, steps: 100, rate: 5e-4, groups: [("_blocks.1", 1), ("_conv_head", 1), ("_bn1", 1)], seed: seed)
    try network.freeze(LayerChoice("_blocks.4"))
    try fit(
      network, train, steps: 100, rate: 5e-4, groups: [("_blocks.1", 1), ("_conv_head", 1), ("_bn1", 1), ("", 2)],
      seed: seed)
    return [(.scratch, try accuracy(fresh)), (.frozen, frozen), (.fineTuned, try accuracy(network))]
  }

  /// Trains what is not frozen, on features computed once.
  private func fit(
    _ network: TransferNetwork, _ data: Dataset, steps: Int, rate: Double, groups: [(prefix: String, depth: Int)] = [],
    seed: UInt64
  ) throws {
    let features = try network.frozenFeatures(of: data, normalization: normalization)
    let rates = groups.map { prefix, depth in
      ParameterGroup(matching: "features." + prefix, learningRateFactor: depth == 1 ? 1 / 2.6 : 1 / 2.6 / 2.6)
    }
    try fit(
      network.trainedPart, features, steps: steps, rate: rate, groups: rates, seed: seed,
      normalization: .scaleOnly(.float32))
  }

  private func fit<Model: Layer>(
    _ model: Model, _ data: Dataset, steps: Int, rate: Double, groups: [ParameterGroup] = [], seed: UInt64,
    normalization: Normalization? = nil
  ) throws {
    var options = TrainingOptions()
    (options.batchSize, options.seed) = (20, seed)
    options.normalization = normalization ?? self.normalization
    let optimizer = Adam(learningRate: rate)
    optimizer.groups = groups
    let epochs = steps / ((data.count + 19) / 20)
    try Trainer(model, loss: crossEntropy, optimizer: optimizer, options: options).fit(data, epochs: epochs)
  }

  private func accuracy(_ model: some Layer) throws -> Double {
    try evaluate(model, on: test, loss: crossEntropy, normalization: normalization).accuracy ?? 0
  }
}
