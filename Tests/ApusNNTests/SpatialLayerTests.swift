import ApusTensor
import GoldenFiles
import Testing

@testable import ApusNN

/// Layers of convolutional networks beside convolution and plain pooling, against PyTorch's by parameter name.
@Suite struct SpatialLayerTests {
  private struct Settings {
    let golden: GoldenFile.Case

    func size(_ key: String, default value: Int = 1) -> Size2D {
      let values = golden.options[key]?.integers ?? [value]
      return Size2D(values[0], values.count == 2 ? values[1] : values[0])
    }
  }

  private func layer(_ golden: GoldenFile.Case) throws -> any Layer {
    let settings = Settings(golden: golden)
    switch golden.operation {
    case "adaptive_avg_pool2d": return AdaptiveAveragePool2D(settings.size("output_size"))
    case "adaptive_max_pool2d": return AdaptiveMaxPool2D(settings.size("output_size"))
    default: throw ShapeError("no layer for \(golden.operation)")
    }
  }

  private struct Holder: Module {
    var layer: any Layer
  }

  @Test(arguments: [DType.float32, .float64]) func layersEqualPyTorch(dtype: DType) throws {
    for golden in try GoldenFile("spatial", dtype).cases {
      let layer = try layer(golden)
      try withExecutor {
        layer.convert(to: dtype)
        #expect(layer.parameters.map(\.name) == golden.parameters, "\(golden.name)")
        var values = layer.snapshot()
        for role in golden.parameters { values.tensors[role] = try golden.tensor(role) }
        try layer.restore(values)
        let input = try golden.tensor("input")
        let upstream = try golden.tensor("upstream.output")
        let output = layer(input)
        #expect(difference(output, try golden.array("output")) <= tolerance(dtype), "\(golden.name)")
        let slope = gradient(at: input) { (layer($0) * upstream).sum() }
        #expect(difference(slope, try golden.array("grad.input")) <= tolerance(dtype), "\(golden.name): grad.input")
        guard !golden.parameters.isEmpty else { return }
        let (_, gradients) = valueWithGradient(of: Holder(layer: layer)) { (layer(input) * upstream).sum() }
        for role in golden.parameters {
          let found = try #require(gradients["layer." + role])
          #expect(difference(found, try golden.array("grad." + role)) <= tolerance(dtype), "\(golden.name): \(role)")
        }
      }
    }
  }

  /// The layers without a golden case are those with one, at one size.
  @Test func globalPoolsAreAdaptivePoolsToOnePixel() {
    withExecutor {
      let x = withRandomSeed(3) { Tensor.randomNormal([2, 5, 4, 3]) }
      let means = GlobalAveragePool2D()(x)
      let largest = GlobalMaxPool2D()(x)
      #expect(means.shape == [2, 5] && largest.shape == [2, 5])
      #expect(means.scalars(as: Float.self) == AdaptiveAveragePool2D(1)(x).scalars(as: Float.self))
      #expect(largest.scalars(as: Float.self) == x.max(squeezingAxes: 2, 3).scalars(as: Float.self))
      let exact = x.cast(to: .float64).mean(squeezingAxes: 2, 3)
      #expect(difference(means.cast(to: .float64), exact.hostArray()) < 1e-6)
    }
  }

  @Test func layersAreWrittenAsTheCodeThatBuildsThem() {
    let layers: [any Layer & CustomStringConvertible] = [
      AdaptiveAveragePool2D(7), AdaptiveMaxPool2D(Size2D(4, 2)), GlobalAveragePool2D(), GlobalMaxPool2D(),
    ]
    #expect(
      layers.map(\.description) == [
        "AdaptiveAveragePool2D(7)", "AdaptiveMaxPool2D(Size2D(4, 2))", "GlobalAveragePool2D()", "GlobalMaxPool2D()",
      ])
  }

  private func problem(_ body: () -> Tensor) -> String {
    do { _ = try Diagnostics.dryRun(body) } catch { return "\(error)" }
    return "none"
  }

  @Test func mistakesAreNamed() {
    let images = Tensor.zeros([2, 3, 4, 5])
    #expect(problem { AdaptiveAveragePool2D(Size2D(0, 2))(images) }.contains("every size must be at least 1"))
    #expect(problem { AdaptiveMaxPool2D(-1)(images) }.contains("every size must be at least 1"))
    #expect(
      problem { AdaptiveMaxPool2D(2)(images[0]) } == """
        AdaptiveMaxPool2D(2): the input is [3, 4, 5], it must be images [N, C, H, W] of at least one pixel
        """)
    #expect(problem { GlobalAveragePool2D()(Tensor.zeros([2, 3, 0, 5])) }.contains("at least one pixel"))
    #expect(problem { images.adaptivelyAveragePooled(to: 0) }.contains("every extent of the result must be at least 1"))
    #expect(problem { images.cast(to: .int32).globallyMaxPooled() }.contains("floating-point images"))
  }
}
