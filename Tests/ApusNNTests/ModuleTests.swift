import ApusTensor
import Foundation
import Testing

@testable import ApusNN

private struct Block: Layer {
  var dense = Dense(3, 4)
  var batchNorm = BatchNorm(4)
  var scale: Parameter? = Parameter(Tensor.ones([4]), role: .scale)
  var absent: Parameter?
  let width = 4
  func callAsFunction(_ x: Tensor) -> Tensor { batchNorm(dense(x)) * (scale?.value ?? x) }
}

private struct Everything: Module {
  var blocks = [Block(), Block()]
  var byName = ["right": Dense(2, 1), "left": Dense(1, 2, bias: false)]
  var pair = (Dense(1, 1, bias: false), Parameter(Tensor.zeros([2]), role: .bias))
  var labelled = (first: Dense(1, 1, bias: false), second: 3)
  var optional: Block? = Block()
  var any: any Layer = Dense(5, 5, bias: false)
  var nested: [[Parameter]] = [[], [Parameter(Tensor.zeros([1]))]]
  var numbers = [1, 2, 3]
  var name = "everything"
}

private struct Shared: Module {
  var encoder: Dense
  var decoder: Dense
  init() {
    encoder = Dense(3, 3)
    decoder = Dense(3, 3, bias: false)
    decoder.weight = encoder.weight
  }
}

private struct Hidden: Layer {
  var seen = Dense(2, 2)
  let function: (Tensor) -> Tensor
  let unseen: () -> Dense
  init() {
    let hidden = Dense(2, 2)
    function = { hidden($0) }
    unseen = { hidden }
  }
  func callAsFunction(_ x: Tensor) -> Tensor { function(seen(x)) }
}

@Suite struct ModuleTests {
  @Test func parametersAreNamedByTheirPaths() {
    let block = [
      "dense.weight", "dense.bias", "batch_norm.weight", "batch_norm.bias", "batch_norm.running_mean",
      "batch_norm.running_var", "scale",
    ]
    #expect(Block().parameters.map(\.name) == block)
    let expected =
      block.map { "blocks.0." + $0 } + block.map { "blocks.1." + $0 }
      + ["by_name.left.weight", "by_name.right.weight", "by_name.right.bias", "pair.0.weight", "pair.1"]
      + ["labelled.first.weight"] + block.map { "optional." + $0 } + ["any.weight", "nested.1.0"]
    let model = Everything()
    #expect(model.parameters.map(\.name) == expected)
    #expect(model.parameters.map(\.name) == expected)
    #expect(model.parameters[0].parameter.name == "blocks.0.dense.weight")
    #expect(model.trainableParameters.count == expected.count - 6)
    #expect(Block().parameterCount == 3 * 4 + 4 + 4 + 4 + 4)
  }

  @Test func namesFollowTorchvision() {
    #expect(ParameterNames.snakeCase("runningMean") == "running_mean")
    #expect(ParameterNames.snakeCase("conv1") == "conv1")
    #expect(ParameterNames.snakeCase("inputToHidden") == "input_to_hidden")
    #expect(ParameterNames.snakeCase("mixed5B") == "mixed5_b")
    #expect(ParameterNames.snakeCase("URLTable") == "url_table")
    #expect(ParameterNames.snakeCase("already_snake") == "already_snake")
    #expect(ParameterNames.snakeCase("") == "")
  }

  /// Names as published weights have them, whatever their letters; properties become snake case.
  private struct Mixed: Module {
    var mixed5b = Dense(2, 2, bias: false)
    var ownName = Parameter(Tensor([1 as Float]))
    var branches: [String: Dense] = ["Conv2d_1a": Dense(2, 1, bias: false)]
    var inner = Inner()

    struct Inner: Module {
      var runningMean = Parameter(Tensor([1 as Float]), role: .state)
    }

    var namedParts: [(name: String, part: Any)]? {
      [("Mixed_5b", mixed5b), ("ownName", ownName), ("", inner), ("B", branches)]
    }
  }

  @Test func namedPartsKeepTheirNames() {
    #expect(
      Mixed().parameters.map(\.name) == ["Mixed_5b.weight", "ownName", "running_mean", "B.Conv2d_1a.weight"])
  }

  @Test func sharedParametersAreListedOnce() {
    let model = Shared()
    #expect(model.parameters.map(\.name) == ["encoder.weight", "encoder.bias"])
    withExecutor {
      let x = Tensor([1.0 as Float, 2, 3], shape: [1, 3])
      let (_, gradients) = valueWithGradient(of: model) { model.decoder(model.encoder(x)).sum() }
      let w = model.encoder.weight.value.scalars(as: Double.self)
      // y = W (W x + b) with h = W x + b: the gradient for W[i][j] is h[j] + (sum over k of W[k][i]) x[j].
      let h = model.encoder(x).scalars(as: Double.self)
      let found = gradients["encoder.weight"]?.scalars(as: Double.self) ?? []
      for i in 0..<3 {
        let column: Double = w[i] + w[3 + i] + w[6 + i]
        for j in 0..<3 {
          let expected: Double = h[j] + column * Double(j + 1)
          #expect(abs(found[i * 3 + j] - expected) < 1e-5)
        }
      }
    }
  }

  @Test func snapshotsAreValuesAndRestore() throws {
    try withExecutor {
      let model = Block()
      let before = model.snapshot()
      let old = model.dense.weight.value.scalars(as: Float.self)
      model.dense.weight.value = model.dense.weight.value + 1
      #expect(before["dense.weight"]?.scalars(as: Float.self) == old)
      try model.restore(before)
      #expect(model.dense.weight.value.scalars(as: Float.self) == old)
    }
  }

  @Test func restoreNamesWhatDoesNotFit() {
    withExecutor {
      let model = Block()
      let before = model.dense.weight.value.scalars(as: Float.self)
      var wrong = model.snapshot()
      wrong.tensors["dense.weight"] = Tensor.zeros([3, 4])
      wrong.tensors["scale"] = nil
      wrong.tensors["extra"] = Tensor.zeros([1])
      wrong.tensors["batch_norm.num_batches_tracked"] = Tensor(Int64(7))
      let error = #expect(throws: RestoreError.self) { try model.restore(wrong) }
      #expect(
        error?.description
          == "the snapshot does not fit Block: it lacks scale; it has extra, which the model has not; "
          + "dense.weight is f32[3, 4] where the model has f32[4, 3]")
      #expect(model.dense.weight.value.scalars(as: Float.self) == before)
      wrong.tensors["dense.weight"] = Tensor.zeros([4, 3])
      #expect(throws: Never.self) { try model.restore(wrong, options: [.allowingMissing, .allowingUnexpected]) }
      #expect(model.dense.weight.value.scalars(as: Float.self) == [Float](repeating: 0, count: 12))
    }
  }

  @Test func filesKeepEveryParameter() throws {
    try withExecutor {
      let path = NSTemporaryDirectory() + "apus-nn-\(UUID()).safetensors"
      defer { try? FileManager.default.removeItem(atPath: path) }
      let (one, other) = (Block(), Block())
      one.batchNorm.runningMean.value = Tensor([1, 2, 3, 4 as Float])
      one.dense.weight.value = one.dense.weight.value * 2 + 1
      try one.save(to: path)
      try other.load(from: path)
      for (a, b) in zip(one.parameters, other.parameters) {
        #expect(a.parameter.value.scalars(as: Float.self) == b.parameter.value.scalars(as: Float.self))
      }
      let double = Block()
      double.convert(to: .float64)
      try double.load(from: path)
      #expect(double.dense.weight.type.dtype == .float64)
      let error = #expect(throws: RestoreError.self) { try Dense(3, 4).load(from: path) }
      #expect(error?.description.hasPrefix("\(path) does not fit Dense: it lacks weight, bias; it has ") == true)
      #expect(throws: (any Error).self) { try one.load(from: NSTemporaryDirectory() + "no-such-file.safetensors") }
    }
  }

  @Test func unlistedParametersStopTheStep() async {
    let model = Hidden()
    let error = #expect(throws: ShapeError.self) {
      try Diagnostics.dryRun { valueWithGradient(of: model) { model(Tensor.ones([1, 2])).sum() }.value }
    }
    #expect(error?.message.contains("(a weight of shape [2, 2], not yet named) and 1 more") == true)
    #expect(error?.message.contains("Hidden.parameters does not list") == true)
    withExecutor {
      // Constants for this gradient: allowed.
      let (_, gradients) = valueWithGradient(of: model) { withoutGradient { model(Tensor.ones([1, 2])) }.sum() }
      #expect(gradients.unusedNames == ["seen.weight", "seen.bias"])
      model.unseen().setTrainable(false)
      let (_, frozen) = valueWithGradient(of: model) { model(Tensor.ones([1, 2])).sum() }
      #expect(frozen.unusedNames == [])
    }
  }

  @Test func unlistedParametersTrapOutsideDryRuns() async {
    await #expect(processExitsWith: .failure) {
      let model = Hidden()
      _ = valueWithGradient(of: model) { model(Tensor.ones([1, 2])).sum() }
    }
  }

  @Test func dryRunsLeaveNoTrace() throws {
    try withExecutor {
      let layer = BatchNorm(3)
      let shape = try Diagnostics.dryRun { withTraining { layer(Tensor.ones([4, 3])).shape } }
      #expect(shape == [4, 3])
      #expect(layer.runningMean.value.isRealized)
      let error = #expect(throws: ShapeError.self) { try Diagnostics.dryRun { layer(Tensor.ones([4, 5])) } }
      #expect(error?.message == "BatchNorm(3): the input is [4, 5], it must be [N, 3, ...]")
    }
  }

  @Test func describesItself() {
    let model = Sequential {
      Conv2D(1, 6, kernel: 5, padding: 2, activation: .relu)
      MaxPool2D(2, stride: Size2D(2, 1))
      ActivationLayer(.tanh)
      Flatten()
      Dense(2268, 10, bias: false)
    }
    #expect(
      model.describe() == """
        Sequential                                                   22,836
          0: Conv2D(1, 6, kernel: 5, padding: 2, activation: .relu)     156
          1: MaxPool2D(2, stride: Size2D(2, 1))
          2: ActivationLayer(.tanh)
          3: Flatten()
          4: Dense(2268, 10, bias: false)                            22,680
        """)
  }
}
