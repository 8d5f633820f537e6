import Apus
import Foundation

/// Networks that are written for ONNX's checker and ONNX Runtime to judge.
enum Exports {
  private static func catalog(
    _ name: String, _ inputShape: [Int], _ change: (inout ModelCatalog.Configuration) -> Void = { _ in }
  ) throws -> (name: String, sample: [Int], model: any Layer) {
    var configuration = ModelCatalog.Configuration(name: name, inputShape: inputShape, classes: 10)
    change(&configuration)
    let form = configuration.form.map { "-\($0)" } ?? ""
    return (name + form, inputShape, try ModelCatalog.make(configuration))
  }

  /// A network of every kind in the catalog that takes pictures or features, small where that keeps the structure.
  private static func networks() throws -> [(name: String, sample: [Int], model: any Layer)] {
    var list: [(name: String, sample: [Int], model: any Layer)] = []
    list.append(
      try catalog("mlp", [1, 28, 28]) { ($0.hidden, $0.activation, $0.normalization) = ([20, 10], "gelu", "layer") })
    list.append(try catalog("lenet5", [1, 28, 28]) { ($0.activation, $0.normalization) = ("elu", "batch") })
    list.append(try catalog("lenet5", [1, 28, 28]) { ($0.form, $0.normalization) = ("original1998", "group:2") })
    for name in ["resnet20", "resnet18", "resnet50", "resnet101"] {
      list.append(try catalog(name, [3, 32, 32]))
    }
    for name in ["vgg11", "vgg16"] {
      list.append(try catalog(name, [3, 32, 32]) { ($0.hidden, $0.normalization) = ([64, 64], "batch") })
    }
    list.append(try catalog("digit-cnn", [1, 28, 28]))
    list.append(try catalog("alexnet", [3, 96, 96]) { $0.hidden = [64, 64] })
    list.append(try catalog("alexnet", [3, 96, 96]) { ($0.form, $0.hidden) = ("original2012", [64, 64]) })
    list.append(try catalog("googlenet", [3, 64, 64]))
    list.append(try catalog("inception-v3", [3, 96, 96]) { $0.form = "plain" })
    list.append(try catalog("inception-v4", [3, 96, 96]))
    list.append(try catalog("inception-resnet-v2", [3, 96, 96]))
    list.append(try catalog("unet", [1, 32, 32]) { $0.width = 4 })
    list.append(("lstm", [7, 3], LSTM(3, 4, layers: 2, bidirectional: true)))
    list.append(("gru", [7, 3], GRU(3, 4)))
    return list
  }

  /// Writes each network, a batch of samples, and what Apus gives for it.
  static func write(to folder: String) throws {
    for (name, sample, model) in try withRandomSeed(11, { try networks() }) {
      let x = withRandomSeed(5) { Tensor.randomNormal(Shape([3] + sample)) }
      takeStatistics(model, x)
      try NPY.write(x.hostArray(), to: "\(folder)/\(name).x.npy")
      try NPY.write(withInference { model(x) }.hostArray(), to: "\(folder)/\(name).y.npy")
      try ONNXModel.write(model, sampleShape: sample, to: "\(folder)/\(name).plain.onnx")
      try ONNXModel.write(model, sampleShape: sample, foldsBatchNorm: true, to: "\(folder)/\(name).folded.onnx")
    }
  }

  /// Gives batch normalizations the means of a batch and variances near its, so that signals neither die nor explode.
  ///
  /// Three small pictures leave some channels without variance, which would enlarge roundings a thousandfold: the
  /// layer's mean variance is added.
  private static func takeStatistics(_ model: any Layer, _ x: Tensor) {
    let states = model.parameters.filter { $0.parameter.role == .state }
    let before = states.map(\.parameter.value)
    realize([withTraining { model(x) }] + states.map(\.parameter.value))
    // One step moves a tenth of the way.
    for (state, old) in zip(states, before) {
      let batch = (state.parameter.value - old * 0.9) * 10
      state.parameter.value = state.name.hasSuffix("var") ? batch + batch.mean() : batch
    }
    realize(states.map(\.parameter.value))
  }
}
