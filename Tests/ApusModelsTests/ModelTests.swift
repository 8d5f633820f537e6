import ApusNN
import ApusOptimizers
import ApusTensor
import Foundation
import GoldenFiles
import Testing

@testable import ApusModels

@Suite struct ModelTests {
  private func optimizer(_ golden: GoldenFile.Case) -> any Optimizer {
    let rate = golden.options["lr"]?.double ?? 0
    return golden.options["optimizer"]?.text == "SGD"
      ? SGD(learningRate: rate, momentum: golden.options["momentum"]?.double ?? 0) : Adam(learningRate: rate)
  }

  /// Ten steps on the batch of `batch`: losses before each step, and the parameters that the file keeps.
  private func train(_ model: some Layer, _ golden: GoldenFile.Case, batch: GoldenFile.Case, _ dtype: DType) throws {
    let (input, target) = (try batch.tensor("input"), try batch.tensor("target"))
    let optimizer = optimizer(golden)
    var losses: [Double] = []
    for _ in 0..<10 {
      let (loss, gradients) = valueWithGradient(of: model) { crossEntropy(model(input), target) }
      optimizer.update(model, along: gradients)
      losses.append(loss.item())
    }
    #expect(difference(Tensor(losses), try golden.array("losses")) <= tolerance(dtype), "\(golden.name)")
    var kept = 0
    for named in model.parameters where golden.has("final." + named.name) {
      kept += 1
      let error = difference(named.parameter.value, try golden.array("final." + named.name))
      #expect(error <= tolerance(dtype), "\(golden.name) \(named.name) is off by \(error)")
    }
    #expect(kept >= 2)
  }

  @Test(arguments: [DType.float32, .float64]) func perceptronEqualsPyTorch(dtype: DType) throws {
    let file = try GoldenFile("mlp", dtype)
    let golden = try #require(file.cases.first { $0.name == "mlp" })
    try withExecutor {
      func start() throws -> MLP {
        let model = MLP(inputs: 12, hidden: [7, 5], classes: 3, dtype: dtype)
        var values: [String: Tensor] = [:]
        for name in golden.parameters { values[name] = try golden.tensor(name) }
        try model.restore(ModelSnapshot(values))
        return model
      }
      let model = try start()
      #expect(model.parameters.map(\.name) == golden.parameters)
      let gradients = try step(model, golden)
      #expect(difference(gradients.auxiliary[0], try golden.array("logits")) <= tolerance(dtype))
      #expect(difference(gradients.value, try golden.array("loss")) <= tolerance(dtype))
      for entry in gradients.entries {
        let gradient = try #require(entry.tensor)
        #expect(difference(gradient, try golden.array("grad." + entry.name)) <= tolerance(dtype), "\(entry.name)")
      }
      for training in file.cases where training.name != "mlp" {
        try train(try start(), training, batch: golden, dtype)
      }
    }
  }

  private func step(_ model: some Layer, _ golden: GoldenFile.Case) throws -> Gradients {
    let (input, target) = (try golden.tensor("input"), try golden.tensor("target"))
    return valueWithGradient(of: model) {
      let logits = model(input)
      return (crossEntropy(logits, target), [logits])
    }
  }

  @Test(arguments: [DType.float32, .float64]) func lenet5EqualsPyTorch(dtype: DType) throws {
    let file = try GoldenFile("lenet5_run", dtype)
    let golden = try #require(file.cases.first { $0.name == "lenet5" })
    try withExecutor {
      func start() throws -> LeNet5 {
        let model = LeNet5(dtype: dtype)
        try model.load(from: GoldenFile.folder + "/lenet5_parameters_f32.safetensors")
        return model
      }
      let model = try start()
      #expect(model.parameters.map(\.name) == golden.parameters)
      let gradients = try step(model, golden)
      let expected = LeNet5()
      try expected.load(from: GoldenFile.folder + "/lenet5_gradients_f32.safetensors")
      realize(gradients.tensors + [gradients.value] + gradients.auxiliary)
      #expect(difference(gradients.auxiliary[0], try golden.array("logits")) <= tolerance(dtype))
      #expect(difference(gradients.value, try golden.array("loss")) <= tolerance(dtype))
      for named in expected.parameters {
        let gradient = try #require(gradients[named.name])
        #expect(difference(gradient, named.parameter.value.hostArray()) <= 1e-5, "\(named.name)")
        if golden.has("grad." + named.name) {
          #expect(difference(gradient, try golden.array("grad." + named.name)) <= tolerance(dtype), "\(named.name)")
        }
      }
      for training in file.cases where training.name != "lenet5" {
        try train(try start(), training, batch: golden, dtype)
      }
    }
  }

  @Test func sizesAreTheLectures() {
    #expect(LeNet5().parameterCount == 61_706)
    #expect(LeNet5(imageSize: 32).parameterCount == 61_706)
    #expect(MLP().parameterCount == 669_706)
    #expect(
      LeNet5().describe() == """
        LeNet5()                                      61,706
          conv1: Conv2D(1, 6, kernel: 5, padding: 2)     156
          conv2: Conv2D(6, 16, kernel: 5)              2,416
          dense1: Dense(400, 120)                     48,120
          dense2: Dense(120, 84)                      10,164
          dense3: Dense(84, 10)                          850
        """)
  }

  @Test func formsAndSizes() {
    withExecutor {
      let model = LeNet5(form: .original1998, imageSize: 32, channels: 3, classes: 7)
      #expect(model(Tensor.ones([1, 3, 32, 32])).scalars(as: Float.self).count == 7)
      #expect(model.description == "LeNet5(form: .original1998, imageSize: 32, channels: 3, classes: 7)")
      let flat = MLP(inputs: 12, hidden: [], classes: 4)
      #expect(flat.parameters.map(\.name) == ["dense1.weight", "dense1.bias"])
      #expect(flat(Tensor.ones([2, 3, 4])).shape == [2, 4])
      let same = withRandomSeed(7) { LeNet5() }.dense3.weight.value.scalars(as: Float.self)
      #expect(withRandomSeed(7) { LeNet5() }.dense3.weight.value.scalars(as: Float.self) == same)
      let dropping = MLP(inputs: 4, hidden: [100], classes: 2, dropout: 0.5)
      let x = Tensor.ones([1, 4])
      let (a, b) = (withTraining { dropping(x) }, withTraining { dropping(x) })
      #expect(a.scalars(as: Float.self) != b.scalars(as: Float.self))
      #expect(dropping(x).scalars(as: Float.self) == dropping(x).scalars(as: Float.self))
    }
  }

  @Test func wrongInputsAreNamed() {
    func message(_ body: () -> Tensor) -> String {
      do {
        return try "\(Diagnostics.dryRun(body).shape)"
      } catch { return "\(error)" }
    }
    #expect(
      message { LeNet5()(Tensor.zeros([8, 1, 32, 32])) }
        == "LeNet5(): the input is [8, 1, 32, 32], it must be images [N, 1, 28, 28]")
    #expect(
      message { MLP(inputs: 64, hidden: [8])(Tensor.zeros([8, 1, 28, 28])) }
        == "MLP(inputs: 64, hidden: [8], classes: 10): the input is [8, 1, 28, 28], each sample must have 64 elements, "
        + "for example [N, 64]")
  }

  @Test func catalogBuildsFromJSON() throws {
    let json = #"{"name": "mlp", "input_shape": [1, 8, 8], "classes": 10, "hidden": [20], "dropout": 0.2}"#
    let configuration = try JSONDecoder().decode(ModelCatalog.Configuration.self, from: Data(json.utf8))
    let model = try ModelCatalog.make(configuration)
    #expect("\(model)" == "MLP(inputs: 64, hidden: [20], classes: 10, dropout: 0.2)")
    let again = try JSONDecoder().decode(
      ModelCatalog.Configuration.self, from: JSONEncoder().encode(configuration))
    #expect(again == configuration)
    let lenet = try ModelCatalog.make(
      .init(name: "lenet5", inputShape: [1, 32, 32], classes: 10, form: "original1998"))
    #expect("\(lenet)" == "LeNet5(form: .original1998, imageSize: 32)")
  }

  @Test func catalogNamesMistakes() {
    func problem(_ configuration: ModelCatalog.Configuration) -> String {
      do {
        _ = try ModelCatalog.make(configuration)
        return ""
      } catch { return "\(error)" }
    }
    let image = [1, 28, 28]
    #expect(
      problem(.init(name: "lenet", inputShape: image, classes: 10)).hasPrefix(
        "there is no model 'lenet'; did you mean lenet5 or googlenet or alexnet? choose one of: mlp, lenet5, resnet20, "
      ))
    #expect(problem(.init(name: "lenet5", inputShape: [64], classes: 10)).hasSuffix("not [64]"))
    #expect(
      problem(.init(name: "lenet5", inputShape: image, classes: 10, hidden: [3]))
        == "lenet5 has no option 'hidden'; it takes: form, spatial-dropout, dropout, input-dropout, input-noise, "
        + "activation, normalization, initializer, bias-initial")
    #expect(problem(.init(name: "mlp", inputShape: image, classes: 0)).contains("at least 1, got 0"))
    #expect(
      problem(.init(name: "vgg16", inputShape: image, classes: 10))
        == "vgg16 takes images of at least 32x32, not 28x28; enlarge them, or choose a network for small images such as "
        + "resnet20")
    #expect(
      problem(.init(name: "resnet18", inputShape: [64], classes: 10))
        == "resnet18 takes images [channels, height, width], not samples of shape [64]")
    #expect(
      problem(.init(name: "alexnet", inputShape: [3, 66, 99], classes: 10, form: "original2012")).contains(
        "at least 67x67"))
    #expect(problem(.init(name: "googlenet", inputShape: image, classes: 10, dropout: 1)).contains("below 1, got 1.0"))
    #expect(
      problem(.init(name: "googlenet", inputShape: image, classes: 10, form: "old")).contains("torchvision, plain"))
    #expect(problem(.init(name: "resnet20", inputShape: image, classes: 10, width: 0)).contains("from 1 to 1024"))
    #expect(
      problem(.init(name: "vgg11", inputShape: [3, 32, 32], classes: 10, hidden: [0])).contains("1 to 65536 units"))
    #expect(
      problem(.init(name: "inception-v3", inputShape: [3, 299, 96], classes: 10))
        == "inception-v3 with its auxiliary head takes images of at least 299x299, not 299x96; choose the form plain, or "
        + "enlarge them")
    #expect(
      problem(.init(name: "unet", inputShape: [3, 100, 96], classes: 2))
        == "unet takes images whose height and width are multiples of 16, not 100x96; resize or crop them")
    #expect(problem(.init(name: "mlp", inputShape: [], classes: 1)).contains("must be positive numbers"))
    #expect(problem(.init(name: "mlp", inputShape: image, classes: 2, hidden: [4, 0])).contains("at least 1 unit"))
    #expect(problem(.init(name: "mlp", inputShape: image, classes: 2, dropout: 1)).contains("below 1, got 1.0"))
    #expect(problem(.init(name: "mlp", inputShape: image, classes: 2, dropout: .nan)).contains("got nan"))
    #expect(
      problem(.init(name: "mlp", inputShape: image, classes: 2, activation: "rel")).contains("did you mean relu or"))
    #expect(problem(.init(name: "lenet5", inputShape: image, classes: 2, form: "old")).contains("modern, original1998"))
  }
}
