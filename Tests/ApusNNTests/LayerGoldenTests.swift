import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Values and gradients of layers against PyTorch's.
@Suite struct LayerGoldenTests {
  /// Runs a layer on a case's input under the case's upstream gradient; returns what differs too much.
  private func problems<L: Layer>(
    _ golden: GoldenFile.Case, _ layer: L, _ dtype: DType, training: Bool = false, states: [String: Parameter] = [:]
  ) throws -> [String] {
    try withExecutor {
      layer.convert(to: dtype)
      var values = layer.snapshot()
      for role in golden.parameters + states.keys { values.tensors[role] = try golden.tensor(role) }
      try layer.restore(values)
      let input = Parameter(try golden.tensor("input"))
      let probe = Probe(input: input, layer: layer)
      let upstream = try golden.tensor("upstream.output")
      let gradients = valueWithGradient(of: probe) {
        let output = training ? layer(input.value) : withInference { layer(input.value) }
        return ((output * upstream).sum(), [output])
      }
      var differences = ["output": difference(gradients.auxiliary[0], try golden.array("output"))]
      for role in ["input"] + golden.parameters {
        let name = role == "input" ? "input" : "layer." + role
        guard let gradient = gradients[name] else {
          differences["grad." + role] = .infinity
          continue
        }
        differences["grad." + role] = difference(gradient, try golden.array("grad." + role))
      }
      for (role, parameter) in states {
        differences["new_" + role] = difference(parameter.value, try golden.array("new_" + role))
      }
      let tooFar = differences.filter { $0.value > tolerance(dtype) }
      return tooFar.map { "\(golden.name) \(dtype) \($0.key): off by \($0.value)" }.sorted()
    }
  }

  private struct Probe<L: Layer>: Module {
    var input: Parameter
    var layer: L
  }

  @Test(arguments: [DType.float32, .float64]) func dense(dtype: DType) throws {
    for golden in try GoldenFile("layers", dtype).cases(of: "linear") {
      let (inputs, outputs) = (golden.options["in_features"]?.integers[0], golden.options["out_features"]?.integers[0])
      let layer = Dense(inputs ?? 0, outputs ?? 0, bias: golden.options["bias"]?.isTrue == true)
      #expect(try problems(golden, layer, dtype) == [])
    }
  }

  @Test(arguments: [DType.float32, .float64]) func batchNorm(dtype: DType) throws {
    for golden in try GoldenFile("layers", dtype).cases(of: "batch_norm") {
      let options = golden.options
      let layer = BatchNorm(
        options["num_features"]?.integers[0] ?? 0, momentum: options["momentum"]?.double ?? 0,
        epsilon: options["eps"]?.double ?? 0, affine: options["affine"]?.isTrue == true)
      let states = ["running_mean": layer.runningMean, "running_var": layer.runningVar]
      #expect(
        try problems(golden, layer, dtype, training: options["training"]?.isTrue == true, states: states) == [])
    }
  }

  @Test(arguments: [DType.float32, .float64]) func convolution(dtype: DType) throws {
    for golden in try GoldenFile("convolution", dtype).cases(of: "conv2d") {
      let options = golden.options
      func pair(_ key: String) -> Size2D {
        let values = options[key]?.integers ?? []
        return values.count == 2 ? Size2D(values[0], values[1]) : 1
      }
      let layer = Conv2D(
        options["in_channels"]?.integers[0] ?? 0, options["out_channels"]?.integers[0] ?? 0,
        kernel: pair("kernel_size"), stride: pair("stride"), padding: .size(pair("padding")),
        dilation: pair("dilation"), groups: options["groups"]?.integers[0] ?? 1,
        bias: options["bias"]?.isTrue == true)
      #expect(try problems(golden, layer, dtype) == [])
    }
  }

  @Test(arguments: ["pooling", "further_pooling"], [DType.float32, .float64])
  func pooling(subject: String, dtype: DType) throws {
    let file = try GoldenFile(subject, dtype)
    for golden in file.cases {
      let options = golden.options
      func pair(_ key: String) -> Size2D {
        let values = options[key]?.integers ?? []
        return values.count == 2 ? Size2D(values[0], values[1]) : 1
      }
      let (kernel, stride, padding) = (pair("kernel_size"), pair("stride"), Padding.size(pair("padding")))
      let ceiling = options["ceil_mode"]?.isTrue == true
      if golden.operation == "max_pool2d" {
        let layer = MaxPool2D(
          kernel, stride: stride, padding: padding, dilation: pair("dilation"), usesCeiling: ceiling)
        #expect(try problems(golden, layer, dtype) == [])
      } else {
        let layer = AveragePool2D(
          kernel, stride: stride, padding: padding, usesCeiling: ceiling,
          countsPadding: options["count_include_pad"]?.isTrue == true)
        #expect(try problems(golden, layer, dtype) == [])
      }
    }
  }
}
