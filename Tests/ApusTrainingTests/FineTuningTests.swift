import Apus
import Foundation
import Testing

@testable import ApusTraining

/// A small network for pictures with batch normalization and dropout.
private func body(seed: UInt64 = 4) -> Sequential {
  withRandomSeed(seed) {
    Sequential {
      Conv2D(1, 4, kernel: 3, padding: 1, bias: false)
      BatchNorm(4)
      Conv2D(4, 6, kernel: 3, stride: 2, padding: 1, activation: .relu)
      Dropout(0.5)
      Flatten()
      Dense(6 * 16, 10)
    }
  }
}

/// Digits of some classes, numbered anew.
private func digits(_ classes: [Int32], _ count: Int, from start: Int = 0) throws -> Dataset {
  let all = try DataCatalog.load("digits").train
  let labels = all.labels
  let rows = labels.indices.filter { classes.contains(labels[$0]) }.dropFirst(start).prefix(count)
  let part = all.subset(Array(rows))
  let renamed = part.labels.map { label in Int32(classes.firstIndex(of: label) ?? 0) }
  return try Dataset(
    name: "digits", inputs: part.inputs, targets: HostArray(renamed, shape: [renamed.count]),
    classNames: classes.map { "\($0)" })
}

@Suite struct TransferNetworkTests {
  @Test func layersAreChosenByNumberAndName() throws {
    let layers = ["stem.conv", "stem.norm", "blocks.1.conv", "blocks.10.conv", "head"]
    for (text, count) in [("all", 5), ("none", 0), ("3", 3), ("stem", 2), ("blocks.1", 3), ("blocks", 4), ("head", 5)] {
      #expect(try LayerChoice(text).count(in: layers, "--freeze") == count, "\(text)")
    }
    for text in ["6", "-1", "block", "blocks.1.", "", "stem.con"] {
      let error = #expect(throws: TrainingError.self) { try LayerChoice(text).count(in: layers, "--freeze") }
      #expect(error?.place == "--freeze")
    }
    let stages = try FineTuningStage.parsed("5:layer3,10:none", option: "--unfreeze")
    #expect(
      stages == [
        FineTuningStage(epochs: 5, frozen: LayerChoice("layer3")), FineTuningStage(epochs: 10, frozen: .none),
      ])
  }

  @Test func theHeadStandsOnWhatIsKept() throws {
    let source = body()
    let network = try withRandomSeed(1) {
      try TransferNetwork(source, sampleShape: [1, 8, 8], outputs: 3, hidden: [5], dropout: 0.25)
    }
    #expect(network.layerNames == ["0", "1", "2"])
    #expect(network.head.description == "TransferHead(features: 96, hidden: [5], outputs: 3, dropout: 0.25)")
    let names = network.parameters.map(\.name)
    #expect(names.contains("features.1.running_var") && names.contains("head.hidden.0.weight"))
    #expect(!names.contains { $0.contains("5.weight") })
    let x = withRandomSeed(2) { Tensor.randomNormal([4, 1, 8, 8]) }
    // Against the layers themselves: no dropout, running statistics.
    let features = Sequential(Array(source.layers.prefix(5)))(x)
    let expected = network.head(features).scalars(as: Float.self)
    for (a, b) in zip(network(x).scalars(as: Float.self), expected) { #expect(abs(a - b) < 1e-5) }
    // Cut earlier: maps, of which the head takes the mean.
    let early = try TransferNetwork(source, sampleShape: [1, 8, 8], keeping: LayerChoice("2"), outputs: 2)
    #expect(early.layerNames == ["0", "1"] && early(x).shape == [4, 2])
    #expect(early.head.description == "TransferHead(features: 4, outputs: 2)")
    #expect(throws: TrainingError.self) {
      try TransferNetwork(source, sampleShape: [1, 8, 8], keeping: LayerChoice.none, outputs: 2)
    }
  }

  @Test func frozenLayersKeepWeightsAndStatistics() throws {
    let data = try digits([0, 1, 2], 60)
    for (choice, frozen, moves) in [
      ("all", ["0", "1", "2"], true), ("1", ["0"], true), ("none", [], true), ("none", [], false),
    ] {
      var network = try withRandomSeed(1) { try TransferNetwork(body(), sampleShape: [1, 8, 8], outputs: 3) }
      try network.freeze(LayerChoice(choice))
      network.trainsStatistics = moves
      #expect(network.frozenCount == frozen.count)
      let before = bits(network)
      try Trainer(network, loss: crossEntropy, optimizer: SGD(learningRate: 0.1)).fit(data, epochs: 1)
      let after = bits(network)
      for name in before.keys {
        let isFrozen = frozen.contains { name.hasPrefix("features.\($0).") }
        let isKept = isFrozen || !moves && name.contains("running")
        #expect((before[name] == after[name]) == isKept, "\(choice): \(name)")
      }
    }
  }

  /// Training on features that were computed once is training, but for the rounding of other batches.
  @Test func featuresComputedOnceTrainTheSame() throws {
    let data = try digits([3, 4, 5], 90)
    let normalization = try Normalization(fitting: data)
    var results: [[String: [Float]]] = []
    for caches in [false, true] {
      var network = try withRandomSeed(1) {
        try TransferNetwork(body(), sampleShape: [1, 8, 8], outputs: 3, hidden: [7])
      }
      try network.freeze(LayerChoice("1"))
      var options = TrainingOptions()
      (options.batchSize, options.seed) = (16, 9)
      if caches {
        let features = try network.frozenFeatures(of: data, normalization: normalization)
        #expect(features.sampleShape == [4, 8, 8] && features.labels == data.labels)
        options.normalization = .scaleOnly(.float32)
        try Trainer(network.trainedPart, loss: crossEntropy, optimizer: SGD(learningRate: 0.05), options: options)
          .fit(features, epochs: 2)
      } else {
        options.normalization = normalization
        try Trainer(network, loss: crossEntropy, optimizer: SGD(learningRate: 0.05), options: options)
          .fit(data, epochs: 2)
      }
      results.append(bits(network))
    }
    for (name, values) in results[0] {
      for (a, b) in zip(values, results[1][name] ?? []) { #expect(abs(a - b) < 1e-4, "\(name)") }
    }
    #expect(results[0].count == results[1].count)
    let network = try TransferNetwork(body(), sampleShape: [1, 8, 8], outputs: 3)
    #expect(throws: TrainingError.self) { try network.frozenFeatures(of: data, normalization: nil) }
  }
}

@Suite struct FineTuningTests {
  /// A run, and pictures of other classes than it knows.
  private func prepare(_ folder: TemporaryFolder) throws -> (run: String, data: String) {
    var request = TrainingRequest(model: "mlp", data: "digits")
    request.modelOptions.hidden = [12, 8]
    (request.epochs, request.seed, request.output) = (1, 3, folder.path + "/source")
    request.recording.tensorBoard = false
    _ = try TrainingJob(request).run(progress: nil)
    let data = try digits([7, 8, 9], 120)
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try NPZ.write(["x_train": data.inputs, "y_train": data.targets], to: folder.path + "/few.npz")
    return (folder.path + "/source", folder.path + "/few.npz")
  }

  private func request(_ run: String, _ data: String, _ output: String) -> FineTuningRequest {
    var request = FineTuningRequest(source: run, data: data)
    (request.epochs, request.batchSize, request.seed, request.output) = (2, 16, 5, output)
    request.unfreeze = [
      FineTuningStage(epochs: 2, frozen: LayerChoice("1")), FineTuningStage(epochs: 1, frozen: .none),
    ]
    (request.hidden, request.dropout, request.rateDivisor) = ([6], 0.1, 4)
    request.optimization.learningRate = 0.01
    return request
  }

  @Test func stagesTrainOneAfterTheOther() throws {
    let folder = TemporaryFolder()
    let (run, data) = try prepare(folder)
    let job = try FineTuningJob(request(run, data, folder.path + "/new"))
    #expect(job.network.layerNames.count == 2)
    let transfer = try #require(job.configuration.transfer)
    // In the last stage what was frozen longer learns more slowly.
    let last = try transfer.groups(of: job.network, stage: 2)
    let factors = last.sorted { $0.prefix < $1.prefix }.map(\.learningRateFactor)
    #expect(factors == [1 / 16.0, 1 / 4.0])
    let report = try job.run { _ in nil }
    #expect(report.stages.map(\.epochs) == [2, 2, 1] && report.stages.map(\.frozenLayers) == [2, 1, 0])
    #expect(report.stages.map { $0.featureSeconds != nil } == [true, true, false])
    #expect(report.training.epochs == 5 && report.training.model == "mlp-finetuned")
    // The run is one like any other.
    let saved = try SavedRun(folder.path + "/new")
    #expect(saved.model is TransferNetwork)
    #expect(saved.configuration.normalization == (try SavedRun(run)).configuration.normalization)
    let judged = try saved.evaluate(on: nil)
    #expect(judged.part == "validation")
    #expect(abs((judged.testAccuracy ?? 0) - (report.training.validationAccuracy ?? 2)) < 1e-9)
    #expect(try EpochRecord.read(saved.folder).map(\.epoch) == [1, 2, 3, 4, 5])
    let summary = try RunSummary(saved.folder)
    #expect(summary.isFinished && summary.epochs == 5)
    // It can be fine-tuned again, and as an ONNX file.
    let file = folder.path + "/new.onnx"
    _ = try ModelExport.run(
      folder.path + "/new", options: ModelOptions(), classCount: nil, weights: nil, sampleShape: nil,
      foldsBatchNorm: false, to: file)
    for source in [folder.path + "/new", file] {
      var again = FineTuningRequest(source: source, data: data)
      (again.epochs, again.output) = (1, folder.path + "/again")
      #expect(try FineTuningJob(again).network.layerNames.count == 3)
    }
    let error = #expect(throws: TrainingError.self) { try FineTuningJob(request(run, data, folder.path + "/new")) }
    #expect(error?.problem == "the folder holds a run already")
  }

  /// A process that is killed after any stage, or in the middle of one, goes on to the same bits.
  @Test func interruptedStagesGoOnToTheSameBits() throws {
    let folder = TemporaryFolder()
    let (run, data) = try prepare(folder)
    _ = try FineTuningJob(request(run, data, folder.path + "/whole")).run { _ in nil }
    let expected = try TensorFile(contentsOf: folder.path + "/whole/model.safetensors").arrays()
    for stage in 1...3 {
      let output = folder.path + "/part\(stage)"
      _ = try FineTuningJob(request(run, data, output)).run { _ in nil }
      // As if it had been killed before the stage's last checkpoint was followed by its result.
      for later in stage...3 {
        if later == stage {
          try FileManager.default.removeItem(atPath: output + "/stages/\(later)/model.safetensors")
        } else {
          try FileManager.default.removeItem(atPath: output + "/stages/\(later)")
        }
      }
      try FileManager.default.removeItem(atPath: output + "/result.json")
      var again = request(run, data, output)
      again.resume = true
      let job = try FineTuningJob(again)
      #expect(job.isResuming)
      _ = try job.run { _ in nil }
      let found = try TensorFile(contentsOf: output + "/model.safetensors").arrays()
      #expect(Set(found.keys) == Set(expected.keys))
      for (name, array) in expected {
        #expect(found[name]?.scalars(as: Float.self) == array.scalars(as: Float.self), "\(stage): \(name)")
      }
      again.batchSize = 8
      #expect(throws: TrainingError.self) { try FineTuningJob(again) }
    }
  }

  @Test func mistakesAreToldInOneSentence() throws {
    let folder = TemporaryFolder()
    let (run, data) = try prepare(folder)
    func problem(_ change: (inout FineTuningRequest) -> Void) -> String {
      var request = request(run, data, folder.path + "/none")
      change(&request)
      do {
        _ = try FineTuningJob(request)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let cases: [(String, (inout FineTuningRequest) -> Void)] = [
      ("is no run, no ONNX file and no model", { $0.source = "resnet99" }),
      ("--weights: is missing", { $0.source = "lenet5" }),
      ("has a form and weights of its own", { $0.weights = "a.pth" }),
      ("there is no layer 'conv9'", { $0.keep = LayerChoice("conv9") }),
      ("keeps none of the network's 3 layers", { $0.keep = LayerChoice.none }),
      ("--freeze", { $0.freeze = LayerChoice("7") }),
      ("--rate-divisor", { $0.rateDivisor = .nan }), ("--head-dropout", { $0.dropout = 1 }),
      ("--early-stopping", { ($0.patience, $0.validationSplit) = (1, 0) }), ("--epochs", { $0.epochs = 0 }),
    ]
    for (text, change) in cases {
      #expect(problem(change).contains(text), "\(text): \(problem(change))")
    }
    let big = HostArray(type: TensorType([4, 1, 28, 28], .uint8)) { $0.initializeMemory(as: UInt8.self, repeating: 3) }
    try NPZ.write(
      ["x_train": big, "y_train": HostArray([0, 1, 0, 1] as [Int32], shape: [4])], to: folder.path + "/big.npz")
    #expect(
      problem { ($0.data, $0.validationSplit) = (folder.path + "/big.npz", 0) }
        .contains("its samples of shape [1, 28, 28] are not those of mlp, [1, 8, 8]"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
  }
}
