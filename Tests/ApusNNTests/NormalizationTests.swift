import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Normalising layers against PyTorch's, by parameter name, and against what they promise.
@Suite struct NormalizationTests {
  private func layer(_ golden: GoldenFile.Case) throws -> (any Layer)? {
    let options = golden.options
    func number(_ key: String) -> Double { options[key]?.double ?? 0 }
    func whole(_ key: String) -> Int { options[key]?.integers.first ?? 0 }
    let affine = golden.has("weight")
    switch golden.operation {
    case "layer_norm":
      let shape = Shape(options["normalized_shape"]?.integers ?? [])
      return LayerNorm(shape, epsilon: number("eps"), affine: affine, bias: golden.has("bias"))
    case "group_norm":
      return GroupNorm(
        groups: whole("num_groups"), whole("num_channels"), epsilon: number("eps"), affine: affine)
    case "instance_norm": return InstanceNorm(whole("num_features"), epsilon: number("eps"), affine: affine)
    case "local_response_norm":
      return LocalResponseNorm(
        whole("size"), alpha: number("alpha"), beta: number("beta"), k: number("k"))
    case "prelu": return PReLU(whole("num_parameters"))
    default: return nil
    }
  }

  @Test(arguments: ["normalizations", "further_activations"], [DType.float32, .float64])
  func layersEqualPyTorch(subject: String, dtype: DType) throws {
    var count = 0
    for golden in try GoldenFile(subject, dtype).cases {
      guard let layer = try layer(golden) else { continue }
      count += 1
      try withExecutor {
        layer.convert(to: dtype)
        #expect(layer.parameters.map(\.name) == golden.parameters, "\(golden.name)")
        var values = layer.snapshot()
        for role in golden.parameters { values.tensors[role] = try golden.tensor(role) }
        try layer.restore(values)
        let input = try golden.tensor("input")
        let upstream = try golden.tensor("upstream.output")
        // Training and use are the same.
        for isTraining in [true, false] {
          let output = Mode.$isTraining.withValue(isTraining) { layer(input) }
          #expect(difference(output, try golden.array("output")) <= tolerance(dtype), "\(golden.name)")
        }
        let slope = gradient(at: input) { (layer($0) * upstream).sum() }
        let error = difference(slope, try golden.array("grad.input"))
        #expect(error <= tolerance(dtype), "\(golden.name): the gradient is off by \(error)")
        guard !golden.parameters.isEmpty else { return }
        let (_, gradients) = valueWithGradient(of: Holder(layer: layer)) { (layer(input) * upstream).sum() }
        for role in golden.parameters {
          let found = try #require(gradients["layer." + role])
          #expect(difference(found, try golden.array("grad." + role)) <= tolerance(dtype), "\(golden.name) \(role)")
        }
      }
    }
    #expect(count == (subject == "normalizations" ? 16 : 3))
  }

  private struct Holder: Module { var layer: any Layer }

  /// The form of the paper and the notes, written out by hand.
  @Test func localResponseNormOfThePaper() {
    withExecutor {
      let x = (0..<14).map { Double($0 * 5 % 7) - 2.5 }
      let input = Tensor(x, shape: [2, 7])
      let found = LocalResponseNorm(5, alpha: 0.3, beta: 0.75, k: 2, dividesBySize: false)(input)
      for (index, value) in found.scalars(as: Double.self).enumerated() {
        let (row, channel) = (index / 7, index % 7)
        let sum = (max(0, channel - 2)...min(6, channel + 2)).reduce(0.0) { $0 + x[row * 7 + $1] * x[row * 7 + $1] }
        let expected = x[index] / pow(2 + 0.3 * sum, 0.75)
        #expect(abs(value - expected) < 1e-12)
      }
      let check = checkGradients(at: input) {
        LocalResponseNorm(3, alpha: 0.3, beta: 0.6, k: 2, dividesBySize: false)($0)
      }
      #expect(check.passes, "\(check)")
    }
  }

  private func pow(_ x: Double, _ y: Double) -> Double { exp(log(Tensor([x])) * y).item() }

  @Test func gradientsByDifferences() {
    withExecutor {
      let x = Tensor((0..<48).map { Double($0 * 29 % 48) / 16 - 1.4 }, shape: [2, 4, 3, 2])
      let layers: [any Layer] = [
        LayerNorm([3, 2], epsilon: 1e-2, dtype: .float64), GroupNorm(groups: 2, 4, epsilon: 1e-2, dtype: .float64),
        InstanceNorm(4, epsilon: 1e-2, affine: true, dtype: .float64), PReLU(4, dtype: .float64),
        BatchNorm(4, epsilon: 1e-2, dtype: .float64),
      ]
      for layer in layers {
        for named in layer.parameters where named.name == "weight" {
          let count = named.parameter.count
          named.parameter.value = Tensor((0..<count).map { 0.4 + Double($0) / 4 }, shape: named.parameter.shape)
        }
        let check = checkGradients(at: x) { x in withTraining { layer(x) } }
        #expect(check.passes, "\(layer): \(check)")
      }
    }
  }

  @Test func linesGetMeanZeroAndVarianceOne() {
    withExecutor {
      let x = withRandomSeed(2) { Tensor.randomNormal([6, 8, 5, 3], mean: 30, standardDeviation: 7, dtype: .float64) }
      func check(_ y: Tensor, _ axes: [Int], _ name: String) {
        let means = y.mean(squeezingAxes: axes).scalars(as: Double.self)
        let variances = y.variance(squeezingAxes: axes).scalars(as: Double.self)
        #expect(means.allSatisfy { abs($0) < 1e-12 }, "\(name)")
        #expect(variances.allSatisfy { abs($0 - 1) < 1e-5 }, "\(name)")
      }
      check(LayerNorm([8, 5, 3], dtype: .float64)(x), [1, 2, 3], "layer")
      check(GroupNorm(groups: 1, 8, dtype: .float64)(x), [1, 2, 3], "one group")
      check(InstanceNorm(8)(x), [2, 3], "instance")
      check(GroupNorm(groups: 4, 8, dtype: .float64)(x).reshaped(to: [6, 4, 30]), [2], "groups")
      let batch = BatchNorm(8, dtype: .float64)
      check(withTraining { batch(x) }, [0, 2, 3], "batch")
      // The input's mean and size do not matter.
      let moved = (LayerNorm(15, dtype: .float64)(x.reshaped(to: [6, 8, 15]) * 4 + 100)).scalars(as: Double.self)
      let plain = LayerNorm(15, dtype: .float64)(x.reshaped(to: [6, 8, 15])).scalars(as: Double.self)
      for (a, b) in zip(moved, plain) { #expect(abs(a - b) < 1e-5) }
    }
  }

  /// After many batches the running statistics are the data's, so that use gives what training promised.
  @Test func runningStatisticsBecomeTheDatas() {
    withExecutor {
      let norm = BatchNorm(2, momentum: 0.05, dtype: .float64)
      let scale = Tensor([2.0, 0.5])
      let shift = Tensor([-3.0, 10])
      func batch(_ step: Int) -> Tensor {
        withRandomSeed(9, step: step) { Tensor.randomNormal([64, 2], dtype: .float64) } * scale + shift
      }
      for step in 0..<200 { _ = withTraining { norm(batch(step)) } }
      let (mean, variance) = (
        norm.runningMean.value.scalars(as: Double.self), norm.runningVar.value.scalars(as: Double.self)
      )
      // A running mean has the variance momentum / (2 - momentum) of a batch mean's: five standard deviations.
      let share = (0.05 / 1.95 / 64).squareRoot()
      #expect(abs(mean[0] + 3) < 5 * 2 * share && abs(mean[1] - 10) < 5 * 0.5 * share)
      #expect(abs(variance[0] / 4 - 1) < 5 * 2.0.squareRoot() * share)
      #expect(abs(variance[1] / 0.25 - 1) < 5 * 2.0.squareRoot() * share)
      let y = norm(batch(1000))
      #expect(abs(y.mean().item()) < 0.5 && abs(y.variance().item() - 1) < 0.5)
    }
  }

  @Test func mistakesAreNamed() {
    func message(_ body: () -> Any) -> String {
      do {
        _ = try Diagnostics.dryRun(body)
        return ""
      } catch { return "\(error)" }
    }
    let x = Tensor.zeros([2, 6, 4, 4])
    #expect(message { LayerNorm(5)(x) } == "LayerNorm(5): the input is [2, 6, 4, 4], it must be [..., 5]")
    #expect(message { LayerNorm([6, 4, 5])(x) }.contains("it must be [..., 6, 4, 5]"))
    #expect(message { LayerNorm([0, 2]) }.contains("at least 1"))
    #expect(message { LayerNorm(4, epsilon: -1) }.contains("epsilon must be a number of at least 0, got -1.0"))
    #expect(message { GroupNorm(groups: 4, 6) }.contains("4 groups must divide the channels"))
    #expect(message { GroupNorm(groups: 3, 6)(Tensor.zeros([2, 5])) }.contains("it must be [N, 6, ...]"))
    #expect(message { InstanceNorm(6)(Tensor.zeros([2, 6])) }.contains("at least 2 positions"))
    #expect(message { LocalResponseNorm(0) }.contains("at least 1"))
    #expect(message { LocalResponseNorm(5, k: 0) }.contains("k positive"))
    #expect(message { LocalResponseNorm(5)(Tensor.zeros([3])) }.contains("it must be [N, C, ...]"))
    #expect(message { groupNorm(x, groups: 4) }.contains("channels that 4 groups divide"))
    #expect(message { layerNorm(x, axes: 5) }.contains("5 axes"))
  }

  @Test func layersSayTheirCode() {
    #expect("\(LayerNorm(4))" == "LayerNorm(4)")
    #expect("\(LayerNorm([4, 2], epsilon: 0.1, bias: false))" == "LayerNorm([4, 2], epsilon: 0.1, bias: false)")
    #expect("\(GroupNorm(groups: 2, 4, affine: false))" == "GroupNorm(groups: 2, 4, affine: false)")
    #expect("\(InstanceNorm(4, epsilon: 0.1, affine: true))" == "InstanceNorm(4, epsilon: 0.1, affine: true)")
    #expect(
      "\(LocalResponseNorm(3, alpha: 0.1, beta: 0.5, k: 2, dividesBySize: false))"
        == "LocalResponseNorm(3, alpha: 0.1, beta: 0.5, k: 2.0, dividesBySize: false)")
  }

  @Test func namesGiveTheirLayers() throws {
    func layer(_ name: String, isImage: Bool = true) throws -> String {
      let norm = try HiddenNormalization.named(name)
      return norm.layer(features: 12, isImage: isImage).map { "\($0)" } ?? "nothing"
    }
    #expect(try layer("none") == "nothing")
    #expect(try layer("batch") == "BatchNorm(12)")
    #expect(try layer("layer-norm", isImage: false) == "LayerNorm(12)")
    #expect(try layer("layer") == "GroupNorm(groups: 1, 12)")
    #expect(try layer("group") == "GroupNorm(groups: 4, 12)")
    #expect(try layer("group:6", isImage: false) == "GroupNorm(groups: 6, 12)")
    #expect(try layer("instance") == "InstanceNorm(12, affine: true)")
    #expect(try layer("lrn:3") == "LocalResponseNorm(3)")
    #expect(try HiddenNormalization.named("group:5").problem(features: 12, isImage: true)?.contains("5 groups") == true)
    #expect(try HiddenNormalization.named("instance").problem(features: 12, isImage: false) != nil)
    #expect(try HiddenNormalization.named("instance").problem(features: 12, isImage: true) == nil)
    for wrong in ["batch:2", "group:0", "group:1.5", "layr"] {
      #expect(throws: SettingError.self) { try HiddenNormalization.named(wrong) }
    }
  }
}
