import Apus
import Foundation
import Testing

/// Networks of every kind of layer, with the shape of a sample.
private func networks() -> [(name: String, sample: [Int], model: any Layer)] {
  [
    (
      "dense", [5],
      Sequential {
        Dense(5, 8, activation: .gelu)
        LayerNorm([8])
        Dropout(0.5)
        Dense(8, 6, bias: false, activation: .elu)
        BatchNorm(6)
        Dense(6, 3, activation: .logSoftmax)
      }
    ),
    (
      "images", [2, 9, 11],
      Sequential {
        Conv2D(2, 6, kernel: 3, stride: Size2D(1, 2), padding: 1, bias: false)
        BatchNorm(6)
        PReLU(6)
        MaxPool2D(3, stride: 2, padding: 1, usesCeiling: true)
        Conv2D(6, 8, kernel: Size2D(2, 3), padding: .same, groups: 2)
        BatchNorm(8)
        GroupNorm(groups: 4, 8)
        LocalResponseNorm(3)
        AveragePool2D(2, stride: 1, padding: 1, countsPadding: false)
        ConvTranspose2D(8, 4, kernel: 3, stride: 2, outputPadding: 1)
        InstanceNorm(4, affine: true)
        Upsample(by: 2, .bilinear)
        Upsample(to: Size2D(20, 19))
        GlobalAveragePool2D()
        Flatten()
        Dense(4, 3)
      }
    ),
    (
      "lines", [3, 16],
      Sequential {
        Conv1D(3, 6, kernel: 5, stride: 2, padding: 2, activation: .silu)
        MaxPool1D(2)
        ConvTranspose1D(6, 2, kernel: 3, stride: 2)
        AdaptiveAveragePool1D(3)
      }
    ),
    ("lstm", [6, 3], LSTM(3, 4, layers: 2, bidirectional: true)), ("gru", [4, 3], GRU(3, 5)),
    ("rnn", [4, 3], RNN(3, 5, activation: .relu)),
  ]
}

@Suite struct ONNXExportTests {
  private func path(_ name: String) -> String { NSTemporaryDirectory() + "apus-\(name)-\(UUID().uuidString).onnx" }

  @Test(arguments: [false, true]) func whatIsWrittenIsReadAgain(foldsBatchNorm: Bool) throws {
    for (name, sample, model) in withRandomSeed(3, { networks() }) {
      for named in model.parameters where named.parameter.role != .weight {
        // Statistics, scales and shifts that do something.
        let drawn = withRandomSeed(UInt64(named.name.utf8.count)) {
          Tensor.randomUniform(named.parameter.shape, dtype: .float32)
        }
        named.parameter.value = drawn + 0.5
      }
      let file = path(name)
      defer { try? FileManager.default.removeItem(atPath: file) }
      let report = try ONNXModel.write(model, sampleShape: sample, foldsBatchNorm: foldsBatchNorm, to: file)
      let read = try ONNXModel(contentsOf: file)
      // Any number of samples, also those that the recording did not have.
      for batch in [1, 4] {
        let x = withRandomSeed(1) { Tensor.randomNormal(Shape([batch] + sample)) }
        let expected = withInference { model(x) }
        #expect(difference(read(x), expected) < 1e-5, "\(name)")
        #expect(report.outputShape == [nil] + expected.shape.dropFirst().map { Optional($0) })
      }
      #expect(report.inputShape == [nil] + sample.map { Optional($0) })
      if name == "images" {
        #expect(report.operators["BatchNormalization"] == (foldsBatchNorm ? nil : 2))
        #expect(report.operators["Conv"] == 2)
      }
      if name == "dense" { #expect(report.operators["Gemm"] == 3) }
    }
  }

  @Test func parametersKeepTheirNames() throws {
    let model = withRandomSeed(1) { LeNet5() }
    let file = path("names")
    defer { try? FileManager.default.removeItem(atPath: file) }
    try ONNXModel.write(model, sampleShape: [1, 28, 28], metadata: ["classes": "a\nb"], to: file)
    let read = try ONNXModel(contentsOf: file)
    #expect(Set(read.parameters.map(\.name)) == Set(model.parameters.map(\.name)))
    #expect(Dictionary(grouping: read.parameters, by: \.parameter.role).mapValues(\.count) == [.weight: 5, .bias: 5])
    // The same content gives the same bytes.
    let first = try Data(contentsOf: URL(fileURLWithPath: file))
    try ONNXModel.write(model, sampleShape: [1, 28, 28], metadata: ["classes": "a\nb"], to: file)
    #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == first)
  }

  @Test func parametersOfAnotherShapeKeepTheirNamesToo() throws {
    // The first slopes stand beside rows and columns, and are used twice; the last is one number.
    struct Twice: Layer {
      var conv = Conv2D(2, 4, kernel: 3)
      var prelu = PReLU(4)
      var dense = Dense(4, 3)
      var slope = PReLU()
      func callAsFunction(_ x: Tensor) -> Tensor {
        slope(dense(prelu(prelu(conv(x)) - 1).mean(squeezingAxes: [2, 3])))
      }
    }
    let model = withRandomSeed(1) { Twice() }
    let file = path("slopes")
    defer { try? FileManager.default.removeItem(atPath: file) }
    try ONNXModel.write(model, sampleShape: [2, 5, 5], to: file)
    let read = try ONNXModel(contentsOf: file)
    #expect(read.parameters.map(\.name).sorted() == model.parameters.map(\.name).sorted())
    let listed = try ONNXListing(contentsOf: file)
    #expect(listed.operators["PRelu"] == 3)
    let x = withRandomSeed(1) { Tensor.randomNormal([3, 2, 5, 5]) }
    #expect(difference(read(x), withInference { model(x) }) < 1e-5)
  }

  @Test func refusesWhatONNXHasNot() throws {
    struct Angle: Layer {
      func callAsFunction(_ x: Tensor) -> Tensor { atan2(x, x + 1) }
    }
    struct Mean: Layer {
      func callAsFunction(_ x: Tensor) -> Tensor { x / Double(x.shape[0]) }
    }
    #expect(
      sentence { try ONNXModel.write(Angle(), sampleShape: [2], to: path("angle")) }
        .contains("the network computes 'atan2', for which Apus knows no operator of ONNX"))
    #expect(
      sentence { try ONNXModel.write(Mean(), sampleShape: [2], to: path("mean")) }
        .contains("a number that depends on the number of samples"))
    #expect(throws: ShapeError.self) { try ONNXModel.write(Dense(3, 2), sampleShape: [4], to: path("shape")) }
    #expect(
      sentence { try ONNXModel.write(Dense(3, 2), sampleShape: [3], to: "/nowhere/a.onnx") }.contains(
        "create the folder"))
  }
}
