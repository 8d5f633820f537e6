import Apus
import Foundation

/// Networks that are written for ONNX's checker and ONNX Runtime to judge.
enum Exports {
  /// A network, the shape of its samples, and of how many symbols they are if they are no real numbers.
  private typealias Network = (name: String, sample: [Int], symbols: Int?, model: any Layer)

  private static func catalog(
    _ name: String, _ inputShape: [Int], symbols: Int? = nil,
    _ change: (inout ModelCatalog.Configuration) -> Void = { _ in }
  ) throws -> Network {
    var configuration = ModelCatalog.Configuration(name: name, inputShape: inputShape, classes: 10)
    configuration.symbols = symbols
    change(&configuration)
    let form = (configuration.form ?? configuration.attention).map { "-\($0)" } ?? ""
    return (name + form, inputShape, symbols, try ModelCatalog.make(configuration))
  }

  /// Every network of the catalog, small where that keeps the structure; EfficientNet-Lite0 is judged with its published
  /// weights, in `pretrained_reads.py`.
  private static func networks() throws -> [Network] {
    var list: [Network] = []
    list.append(
      try catalog("mlp", [1, 28, 28]) { ($0.hidden, $0.activation, $0.normalization) = ([20, 10], "gelu", "layer") })
    list.append(try catalog("lenet5", [1, 28, 28]) { ($0.activation, $0.normalization) = ("elu", "batch") })
    list.append(try catalog("lenet5", [1, 28, 28]) { ($0.form, $0.normalization) = ("original1998", "group:2") })
    for name in ["resnet20", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"] {
      list.append(try catalog(name, [3, 32, 32]))
    }
    for name in ["vgg11", "vgg13", "vgg16", "vgg19"] {
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
    for stage in FaceNet.Stage.allCases {
      list.append(try catalog(stage.catalogName, [3, stage.side, stage.side]) { $0.classes = stage.outputs })
    }
    return try list + sequences()
  }

  /// Those that take texts and series.
  private static func sequences() throws -> [Network] {
    var list: [Network] = []
    for (name, cell) in [("charlm", "lstm"), ("wordlm", "gru")] {
      list.append(
        try catalog(name, [9], symbols: 10) { ($0.hidden, $0.embedding, $0.form) = ([8, 8], 6, cell) })
    }
    list.append(try catalog("charlm", [9], symbols: 10) { ($0.hidden, $0.embedding, $0.form) = ([8], 0, "rnn") })
    for pooling in ["mean", "max", "last"] {
      list.append(
        try catalog("textclassifier", [9], symbols: 12) {
          ($0.hidden, $0.embedding, $0.pooling) = ([8], 6, pooling)
        })
      list[list.count - 1].name += "-\(pooling)"
    }
    list.append(try catalog("sequenceclassifier", [9, 5]) { ($0.hidden, $0.form) = ([8], "gru") })
    list.append(try catalog("forecaster", [12, 3]) { ($0.hidden, $0.classes) = ([8], 2) })
    for attention in ["none", "additive", "multiplicative", "dot"] {
      list.append(
        try catalog("seq2seq", [2, 7], symbols: 10) {
          ($0.hidden, $0.embedding, $0.attention) = ([8], 6, attention)
        })
    }
    list.append(try catalog("letters-to-sounds", [2, 7], symbols: 29) { $0.classes = 74 })
    list.append(("lstm", [7, 3], nil, LSTM(3, 4, layers: 2, bidirectional: true)))
    list.append(("gru", [7, 3], nil, GRU(3, 4)))
    return list
  }

  /// Writes each network, a batch of samples, and what Apus gives for it.
  static func write(to folder: String) throws {
    for (name, sample, symbols, model) in try withRandomSeed(11, { try networks() }) {
      let x = withRandomSeed(5) {
        guard let symbols else { return Tensor.randomNormal(Shape([3] + sample)) }
        let (steps, row) = (sample[sample.count - 1], sample.reduce(1, *))
        // The last sample ends with 0, which is the padding.
        let numbers = (0..<3 * row).map { place in
          place >= 2 * row && place % steps > steps - 3 ? 0 : Float(place * place * 7 % 97 % (symbols - 1) + 1)
        }
        return Tensor(numbers, shape: Shape([3] + sample))
      }
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
