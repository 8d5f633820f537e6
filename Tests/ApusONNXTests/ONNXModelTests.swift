import Apus
import Foundation
import Testing

@Suite struct ONNXModelTests {
  @Test func equalsPyTorch() throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("small.onnx")), try values("small"))
    let (x, y) = (try #require(data["x"]), try #require(data["y"]))
    #expect(model.inputs.map(\.name) == ["x"] && model.inputs[0].extents == [nil, 2, 6, 6])
    #expect(difference(model(x), y) < 1e-5)
    // Any batch: the shape that the file computes from the input's follows it.
    #expect(difference(model(x[0..<1]), y[0..<1]) < 1e-5)
    let named = try model.outputs(for: ["x": x])
    #expect(difference(try #require(named["y"]), y) < 1e-5)
  }

  @Test func parametersHaveNamesAndRoles() throws {
    let model = try ONNXModel(contentsOf: fixture("small.onnx"))
    let roles = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.parameter.role) })
    #expect(
      roles == [
        "conv.weight": .weight, "conv.bias": .bias, "norm.weight": .scale, "norm.bias": .bias,
        "norm.running_mean": .state, "norm.running_var": .state, "fc.weight": .weight, "fc.bias": .bias,
      ])
  }

  @Test func isTrainedLikeAnyOther() throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("small.onnx")), try values("small"))
    let x = try #require(data["x"])
    let gradients = valueWithGradient(of: model) {
      withInference {
        let y = model(x)
        return (y * y).sum()
      }
    }.gradients
    let named = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.parameter) })
    for (parameter, expected) in [("conv.weight", "conv_gradient"), ("fc.weight", "fc_gradient")] {
      let weights = try #require(named[parameter])
      let gradient = try #require(gradients[weights])
      #expect(difference(gradient, try #require(data[expected])) < 1e-5, "\(parameter)")
    }
    // In training the batch's statistics count, and the running ones move as PyTorch's.
    let y = withTraining { model(x) }
    #expect(difference(y, try #require(data["y_training"])) < 1e-5)
    #expect(difference(try #require(named["norm.running_mean"]).value, try #require(data["mean_after"])) < 1e-5)
  }

  @Test func frozenNormalizationKeepsItsStatistics() throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("small.onnx")), try values("small"))
    model.setTrainable(false)
    let x = try #require(data["x"])
    #expect(difference(withTraining { model(x) }, try #require(data["y"])) < 1e-5)
  }

  @Test func recurrentNetworksEqualPyTorch() throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("lstm.onnx")), try values("lstm"))
    #expect(difference(model(try #require(data["x"])), try #require(data["y"])) < 1e-5)
  }

  @Test func branchesLoopsAndFunctionsEqualONNXRuntime() throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("control.onnx")), try values("control"))
    let outputs = try model.outputs(for: ["x": try #require(data["x"])])
    for name in ["y", "sums"] {
      #expect(difference(try #require(outputs[name]), try #require(data[name])) < 1e-5, "\(name)")
    }
  }

  /// A transposed convolution of volumes by PyTorch, dropout in training and products of small integers by NumPy.
  @Test(arguments: ["deep", "uneven", "dropped", "sums", "rounded"]) func otherKindsEqualNumPyAndPyTorch(
    name: String
  ) throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("kinds.onnx")), try values("kinds"))
    let inputs = data.filter { ["v", "x", "small"].contains($0.key) }
    let found = try #require(try model.outputs(for: inputs)[name])
    #expect(difference(found, try #require(data[name])) < 1e-5)
  }

  /// Dropout with a seed drops the same elements in use, others in each step of a training.
  @Test func seededDropoutStillVariesInTraining() throws {
    let (model, data) = (try ONNXModel(contentsOf: fixture("kinds.onnx")), try values("kinds"))
    let inputs = data.filter { ["v", "x", "small"].contains($0.key) }
    func dropped() throws -> [Bool] {
      try #require(try model.outputs(for: inputs)["dropped"]).scalars(as: Float.self).map { $0 == 0 }
    }
    let (first, second) = try withTraining { (try dropped(), try dropped()) }
    #expect(first != second)
    #expect(try dropped() == dropped())
    for drawn in [first, second] { #expect(abs(Double(drawn.filter { $0 }.count) / 2000 - 0.3) < 0.05) }
  }

  @Test func weightsGoThroughOtherFiles() throws {
    let path = NSTemporaryDirectory() + "apus-onnx-\(UUID().uuidString).pth"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (model, data) = (try ONNXModel(contentsOf: fixture("small.onnx")), try values("small"))
    try TensorFile.write(model.snapshot().tensors.mapValues { $0.hostArray() }, to: path)
    let other = try ONNXModel(contentsOf: fixture("small.onnx"))
    for named in other.parameters { named.parameter.value = named.parameter.value * 0 }
    try other.load(from: path)
    #expect(difference(other(try #require(data["x"])), try #require(data["y"])) < 1e-5)
  }

  @Test(arguments: [
    ("unsupported.onnx", "the node 'boxes' (NonMaxSuppression) has an operator that is not supported"),
    ("dangling.onnx", "reads 'missing', which nothing computes before it"),
    ("old.onnx", "uses version 5 of ONNX's operators"),
    ("huge.onnx", "the node 'y' (ConstantOfShape): the shape [1099511627776, 1099511627776] is too large"),
    ("absent.onnx", "cannot be read (no such file or directory)"),
    ("make_fixtures.py", "is not an ONNX file"),
  ]) func refusesWithOneSentence(name: String, words: String) {
    #expect(sentence { _ = try ONNXModel(contentsOf: fixture(name)) }.contains(words))
  }

  @Test func inputsAreChecked() throws {
    let model = try ONNXModel(contentsOf: fixture("small.onnx"))
    for (inputs, words) in [
      (["x": Tensor.zeros([1, 3, 6, 6])], "the input 'x' is [1, 3, 6, 6] where the network takes [any, 2, 6, 6]"),
      (["x": Tensor.zeros([1, 2, 6, 6], dtype: .float64)], "the input 'x' is f64 where the network takes f32"),
      (["y": Tensor.zeros([1])], "the network has no input 'y'"), ([:], "the input 'x' is missing"),
    ] {
      #expect(sentence { _ = try model.outputs(for: inputs) }.contains(words), "\(words)")
    }
    // As a layer: a dry run on shapes throws, before anything is computed.
    #expect(throws: ShapeError.self) { try Diagnostics.dryRun { model(Tensor.zeros([1, 3, 6, 6])) } }
    // A branch that depends on the data can be taken only when the data are there.
    let branching = try ONNXModel(contentsOf: fixture("data_dependent.onnx"))
    #expect(
      sentence { _ = try branching.outputs(for: ["x": Tensor.ones([2]) * 2]) }.contains("is computed from the data"))
    let chosen = try branching.outputs(for: ["x": Tensor([Float(1), 3])])
    #expect(chosen["y"]?.scalars(as: Float.self) == [2, 4])
  }

  @Test func damageIsNoCrash() throws {
    let path = NSTemporaryDirectory() + "apus-onnx-\(UUID().uuidString).onnx"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for name in ["small", "control", "lstm", "kinds"] {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: fixture(name + ".onnx"))))
      var state: UInt64 = 7
      func random(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % count
      }
      for round in 0..<150 {
        var damaged = round < 40 ? Array(bytes.prefix(random(bytes.count))) : bytes
        if round >= 40 { for _ in 0...random(3) { damaged[random(damaged.count)] = UInt8(random(256)) } }
        try Data(damaged).write(to: URL(fileURLWithPath: path))
        do {
          let model = try ONNXModel(contentsOf: path)
          let zeros = model.inputs.map { port in
            (port.name, Tensor.zeros(Shape((port.extents ?? []).prefix(6).map { min($0 ?? 2, 8) })))
          }
          _ = try model.outputs(for: Dictionary(zeros) { first, _ in first })
        } catch is FormatError {}
      }
    }
  }
}
