import ApusNN
import ApusOptimizers
import ApusTensor
import GoldenFiles
import Testing

@testable import ApusModels

/// The options of the hidden layers: as PyTorch trains them, and each where it belongs.
@Suite struct HiddenOptionTests {
  /// Ten steps of momentum with each activation, normalisation and loss, by the names of the command.
  @Test(arguments: [DType.float32, .float64]) func tenStepsEqualPyTorch(dtype: DType) throws {
    let cases = try GoldenFile("training", dtype).cases
    #expect(cases.count == 38)
    for golden in cases {
      try withExecutor {
        let options = golden.options
        let model = try ModelCatalog.make(
          .init(
            name: "mlp", inputShape: [4], classes: 3, hidden: [6], activation: options["activation"]?.text,
            normalization: options["normalization"]?.text))
        model.convert(to: dtype)
        let names = model.trainableParameters.map(\.name)
        #expect(names == golden.parameters, "\(golden.name)")
        var values: [String: Tensor] = [:]
        for name in names { values[name] = try golden.tensor(name) }
        try model.restore(ModelSnapshot(values), options: .allowingMissing)
        let name = options["loss"]?.text ?? ""
        let loss = try configuration(name).make()
        let (input, target) = (try golden.tensor("input"), try golden.tensor("target"))
        let optimizer = SGD(
          learningRate: options["lr"]?.double ?? 0, momentum: options["momentum"]?.double ?? 0)
        var losses: [Double] = []
        for _ in 0..<10 {
          let (value, gradients) = valueWithGradient(of: model) { loss(model(input), target) }
          optimizer.update(model, along: gradients)
          losses.append(value.item())
        }
        // Ten steps add up ten roundings; PyTorch rounds the 1/6 in the gradient of hardsigmoid to single precision.
        let limit = 3 * max(tolerance(dtype), options["activation"]?.text == "hard-sigmoid" ? 1e-8 : 0)
        let lossError = difference(Tensor(losses), try golden.array("losses"))
        #expect(lossError <= limit, "\(golden.name): the losses are off by \(lossError)")
        for named in model.parameters {
          let error = difference(named.parameter.value, try golden.array("final." + named.name))
          #expect(error <= limit, "\(golden.name) \(named.name) is off by \(error)")
        }
      }
    }
  }

  private func configuration(_ name: String) throws -> LossConfiguration {
    switch name {
    case "cross-entropy-smoothing":
      try LossConfiguration("cross-entropy", labelSmoothing: 0.1, classWeights: [0.5, 1, 2])
    case "binary-cross-entropy": try LossConfiguration(name, positiveWeight: 2.5)
    case "huber", "smooth-l1": try LossConfiguration(name, delta: 0.7)
    default: try LossConfiguration(name)
    }
  }

  private func make(_ name: String, _ change: (inout ModelCatalog.Configuration) -> Void) throws -> any Layer {
    var configuration = ModelCatalog.Configuration(name: name, inputShape: [1, 28, 28], classes: 10)
    if name == "mlp" { configuration.hidden = [32, 16] }
    change(&configuration)
    return try withRandomSeed(1) { try ModelCatalog.make(configuration) }
  }

  @Test func plainModelsStayAsTheyWere() throws {
    let mlp = try make("mlp") { _ in }
    #expect(
      mlp.parameters.map(\.name) == [1, 2, 3].flatMap { ["dense\($0).weight", "dense\($0).bias"] })
    #expect("\(mlp)" == "MLP(inputs: 784, hidden: [32, 16], classes: 10)")
    #expect(mlp.describe().contains("dense1: Dense(784, 32, activation: .relu)"))
    let lenet = try make("lenet5") { _ in }
    #expect(
      lenet.parameters.map(\.name)
        == ["conv1", "conv2", "dense1", "dense2", "dense3"].flatMap { ["\($0).weight", "\($0).bias"] })
    #expect("\(lenet)" == "LeNet5()")
    // Naming the usual values changes nothing.
    for name in ["mlp", "lenet5"] {
      let named = try make(name) {
        ($0.activation, $0.normalization, $0.initializer) = ("relu", "none", "torch-default")
        ($0.dropout, $0.inputDropout) = (0, 0)
      }
      let plain = try make(name) { _ in }
      try withExecutor {
        let x = withRandomSeed(2) { Tensor.randomUniform([3, 1, 28, 28]) }
        let (a, b) = (withTraining { named(x) }, withTraining { plain(x) })
        #expect(a.scalars(as: Float.self) == b.scalars(as: Float.self))
        let (_, gradients) = valueWithGradient(of: named) { named(x).sum() }
        #expect(gradients.unusedNames.isEmpty)
      }
    }
  }

  @Test(arguments: ["mlp", "lenet5"]) func normalizationsFollowTheirLayers(name: String) throws {
    for (normalization, names) in [
      ("batch", ["weight", "bias", "running_mean", "running_var"]), ("layer", ["weight", "bias"]),
      ("group:2", ["weight", "bias"]), ("local:3", []),
    ] {
      let model = try make(name) { $0.normalization = normalization }
      let all = model.parameters.map(\.name)
      let first = name == "mlp" ? "dense1" : "conv1"
      #expect(Array(all.prefix(2 + names.count)) == ["\(first).weight", "\(first).bias"] + names.map { "norm1.\($0)" })
      let hidden = name == "mlp" ? 2 : 4
      #expect(all.count { $0.hasPrefix("norm") } == hidden * names.count)
      try withExecutor {
        let x = withRandomSeed(2) { Tensor.randomUniform([4, 1, 28, 28]) }
        let (loss, gradients) = valueWithGradient(of: model) { model(x).squared().mean() }
        #expect(loss.item().isFinite && gradients.unusedNames.isEmpty, "\(name) \(normalization)")
        #expect(model(x).shape == [4, 10])
      }
    }
  }

  /// Before the activation: what leaves the first hidden layer is the activation of numbers with mean 0 and variance 1.
  @Test func batchNormComesBeforeTheActivation() throws {
    try withExecutor {
      let model = try #require(
        try make("mlp") { ($0.normalization, $0.activation, $0.hidden) = ("batch", "identity", [10]) } as? MLP)
      model.layers[1].weight.value = Tensor.eye(10)
      model.layers[1].bias?.value = Tensor.zeros([10])
      let x = withRandomSeed(2) { Tensor.randomUniform([64, 784]) }
      let y = withTraining { model(x) }
      #expect(y.mean(squeezingAxes: 0).scalars(as: Double.self).allSatisfy { abs($0) < 1e-4 })
      #expect(y.variance(squeezingAxes: [0]).scalars(as: Double.self).allSatisfy { abs($0 - 1) < 1e-2 })
      // With ReLU behind it half of each unit's numbers is cut.
      let cut = try #require(try make("mlp") { ($0.normalization, $0.hidden) = ("batch", [10]) } as? MLP)
      cut.layers[1].weight.value = Tensor.eye(10)
      cut.layers[1].bias?.value = Tensor.zeros([10])
      #expect(withTraining { cut(x) }.min().item() == 0)
    }
  }

  @Test(arguments: ["mlp", "lenet5"]) func startingValuesAreThoseAskedFor(name: String) throws {
    let model = try make(name) { ($0.initializer, $0.biasInitial) = ("he-normal", 0.125) }
    let last = name == "mlp" ? "dense3" : "dense3"
    for named in model.parameters where named.name.hasSuffix("bias") && !named.name.hasPrefix(last) {
      #expect(named.parameter.value.scalars(as: Double.self).allSatisfy { $0 == 0.125 }, "\(named.name)")
    }
    let outputBias = try #require(model.parameters.first { $0.name == "\(last).bias" })
    #expect(outputBias.parameter.value.scalars(as: Double.self).contains { $0 != 0.125 })
    for named in model.parameters where named.name.hasSuffix("weight") {
      let values = named.parameter.value.scalars(as: Double.self)
      let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      let expected = 2 / Double(Fans(of: named.parameter.shape).fanIn)
      #expect(abs(variance / expected - 1) < 6 * (2 / Double(values.count)).squareRoot(), "\(named.name)")
    }
  }

  @Test(arguments: ["mlp", "lenet5"]) func dropoutsAreTheirOwn(name: String) throws {
    try withExecutor {
      let x = Tensor.ones([2, 1, 28, 28])
      var changes: [(inout ModelCatalog.Configuration) -> Void] = [
        { $0.dropout = 0.5 }, { $0.inputDropout = 0.5 }, { $0.inputNoise = 0.3 },
      ]
      if name == "lenet5" { changes.append { $0.spatialDropout = 0.4 } }
      for change in changes {
        let model = try make(name, change)
        func output(_ step: Int) -> [Float] {
          withRandomSeed(3, step: step) { withTraining { model(x) } }.scalars(as: Float.self)
        }
        #expect(output(1) == output(1) && output(1) != output(2))
        #expect(model(x).scalars(as: Float.self) == model(x).scalars(as: Float.self))
        #expect(model(x).scalars(as: Float.self) == (try make(name) { _ in })(x).scalars(as: Float.self))
      }
    }
  }

  @Test func modelsSayTheirOptions() throws {
    #expect(
      "\(try make("mlp") { ($0.activation, $0.normalization, $0.inputDropout) = ("leaky-relu:0.2", "group:4", 0.2) })"
        == "MLP(inputs: 784, hidden: [32, 16], classes: 10, inputDropout: 0.2, activation: .leakyReLU(slope: 0.2), "
        + "normalization: .group(4))")
    #expect(
      "\(try make("lenet5") { ($0.activation, $0.normalization, $0.dropout) = ("prelu", "batch", 0.5) })"
        == "LeNet5(dropout: 0.5, learntSlope: 0.25, normalization: .batch)")
    #expect(
      "\(try make("lenet5") { ($0.activation, $0.inputNoise, $0.spatialDropout) = ("prelu-per-channel:0.1", 0.2, 0.3) })"
        == "LeNet5(inputNoise: 0.2, spatialDropout: 0.3, learntSlope: 0.1, hasSlopePerChannel: true)")
    #expect(
      "\(try make("mlp") { ($0.inputNoise, $0.normalization) = (0.5, "local-alexnet:3,0.5,1") })"
        == "MLP(inputs: 784, hidden: [32, 16], classes: 10, inputNoise: 0.5, normalization: "
        + ".local(LocalResponseNorm(3, alpha: 0.5, beta: 1.0, k: 2.0, dividesBySize: false)))")
    let own = try make("lenet5") { $0.activation = "prelu-per-channel" }
    #expect(
      own.parameters.filter { $0.name.hasPrefix("prelu") }.map(\.parameter.count) == [6, 16, 120, 84])
    let slopes = try make("lenet5") { $0.activation = "prelu:0.1" }
    #expect(slopes.parameters.map(\.name).filter { $0.hasPrefix("prelu") } == (1...4).map { "prelu\($0).weight" })
  }

  @Test func mistakesAreNamed() {
    func problem(_ name: String, _ change: (inout ModelCatalog.Configuration) -> Void) -> String {
      do {
        return "\(try make(name, change))"
      } catch { return "\(error)" }
    }
    #expect(
      problem("lenet5") { $0.inputDropout = 1 } == "lenet5: input-dropout must be at least 0 and below 1, got 1.0")
    #expect(
      problem("lenet5") { $0.spatialDropout = -0.5 }
        == "lenet5: spatial-dropout must be at least 0 and below 1, got -0.5")
    #expect(problem("mlp") { $0.spatialDropout = 0.5 }.hasPrefix("mlp has no option 'spatial-dropout'"))
    #expect(problem("mlp") { $0.inputNoise = .nan } == "mlp: input-noise must be a number of at least 0, got nan")
    #expect(problem("mlp") { $0.biasInitial = .nan } == "mlp: bias-initial must be a number, got nan")
    #expect(problem("mlp") { $0.activation = "leaky-relu:x" }.contains("mlp: the slope of the activation leaky-relu"))
    #expect(problem("lenet5") { $0.initializer = "he-norm" }.contains("did you mean he-normal"))
    #expect(
      problem("lenet5") { $0.normalization = "group:4" }
        == "lenet5: 4 groups of the normalization do not divide the 6 channels of a hidden layer; choose a divisor")
    #expect(problem("mlp") { $0.normalization = "instance" }.contains("instance normalization is for pictures"))
  }
}
