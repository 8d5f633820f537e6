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
    func whole(_ key: String, default value: Int = 1) -> Int { size(key, default: value).height }
    func isTrue(_ key: String) -> Bool { golden.options[key]?.isTrue == true }
    var padding: Padding { .size(size("padding", default: 0)) }
  }

  private func layer(_ golden: GoldenFile.Case) throws -> any Layer {
    let settings = Settings(golden: golden)
    switch golden.operation {
    case "adaptive_avg_pool2d": return AdaptiveAveragePool2D(settings.size("output_size"))
    case "adaptive_max_pool2d": return AdaptiveMaxPool2D(settings.size("output_size"))
    case "conv_transpose2d":
      return ConvTranspose2D(
        settings.whole("in_channels"), settings.whole("out_channels"), kernel: settings.size("kernel_size"),
        stride: settings.size("stride"), padding: settings.padding, outputPadding: settings.size("output_padding"),
        dilation: settings.size("dilation"), groups: settings.whole("groups"), bias: settings.isTrue("bias"))
    case "conv1d":
      return Conv1D(
        settings.whole("in_channels"), settings.whole("out_channels"), kernel: settings.whole("kernel_size"),
        stride: settings.whole("stride"), padding: settings.padding, dilation: settings.whole("dilation"),
        groups: settings.whole("groups"), bias: settings.isTrue("bias"))
    case "conv_transpose1d":
      return ConvTranspose1D(
        settings.whole("in_channels"), settings.whole("out_channels"), kernel: settings.whole("kernel_size"),
        stride: settings.whole("stride"), padding: settings.padding, outputPadding: settings.whole("output_padding"),
        dilation: settings.whole("dilation"), groups: settings.whole("groups"), bias: settings.isTrue("bias"))
    case "max_pool1d":
      return MaxPool1D(
        settings.whole("kernel_size"), stride: settings.whole("stride"), padding: settings.padding,
        dilation: settings.whole("dilation"), usesCeiling: settings.isTrue("ceil_mode"))
    case "avg_pool1d":
      return AveragePool1D(
        settings.whole("kernel_size"), stride: settings.whole("stride"), padding: settings.padding,
        usesCeiling: settings.isTrue("ceil_mode"), countsPadding: settings.isTrue("count_include_pad"))
    case "adaptive_avg_pool1d": return AdaptiveAveragePool1D(settings.whole("output_size"))
    case "adaptive_max_pool1d": return AdaptiveMaxPool1D(settings.whole("output_size"))
    case "interpolate":
      let interpolation: Interpolation =
        golden.options["mode"]?.text == "nearest"
        ? .nearest : .bilinear(alignsCorners: settings.isTrue("align_corners"))
      guard let factors = golden.options["scale_factor"]?.doubles else {
        return Upsample(to: settings.size("size"), interpolation)
      }
      return Upsample(by: factors[0], width: factors[1], interpolation)
    default: throw ShapeError("no layer for \(golden.operation)")
    }
  }

  private struct Holder: Module {
    var layer: any Layer
  }

  @Test(arguments: ["spatial", "resampling"], [DType.float32, .float64])
  func layersEqualPyTorch(subject: String, dtype: DType) throws {
    for golden in try GoldenFile(subject, dtype).cases {
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
      let sequences = x.reshaped(to: [2, 5, 12])
      #expect(GlobalAveragePool1D()(sequences).scalars(as: Float.self) == means.scalars(as: Float.self))
      #expect(GlobalMaxPool1D()(sequences).scalars(as: Float.self) == largest.scalars(as: Float.self))
      let exact = x.cast(to: .float64).mean(squeezingAxes: 2, 3)
      #expect(difference(means.cast(to: .float64), exact.hostArray()) < 1e-6)
    }
  }

  /// Means of many pixels, and their gradient, are as exact as those of few.
  @Test func meansOfLargePlanesAreExact() {
    withExecutor {
      let x = Tensor.arange(2 * 300 * 500, dtype: .float64).reshaped(to: [1, 2, 300, 500])
      let values = (sin(x * 12.9898) * 0.01 + 1).cast(to: .float32)
      let exact = values.cast(to: .float64).mean(squeezingAxes: 2, 3)
      #expect(difference(values.globallyAveragePooled().cast(to: .float64), exact.hostArray()) < 2e-6)
      let slope = gradient(at: values) { $0.globallyAveragePooled().sum() }
      #expect(slope.scalars(as: Float.self).allSatisfy { abs($0 * 150_000 - 1) < 1e-6 })
    }
  }

  @Test func imagesOfTheSizeAskedForStayAsTheyAre() {
    withExecutor {
      let x = Tensor.arange(24, dtype: .float32).reshaped(to: [1, 2, 3, 4])
      for layer in [AdaptiveAveragePool2D(Size2D(3, 4)), AdaptiveMaxPool2D(Size2D(3, 4)), Upsample(to: Size2D(3, 4))]
        as [any Layer]
      { #expect(layer(x).scalars(as: Float.self) == x.scalars(as: Float.self)) }
    }
  }

  /// Keras's "same" pooling: the size divided by the stride, rounded up.
  @Test func samePoolingHasTheSizeOfItsStride() {
    withExecutor {
      let x = Tensor.ones([1, 2, 7, 10])
      for stride in 1...4 {
        let shape: Shape = [1, 2, (7 + stride - 1) / stride, (10 + stride - 1) / stride]
        #expect(MaxPool2D(3, stride: Size2D(stride), padding: .same)(x).shape == shape)
        let means = AveragePool2D(3, stride: Size2D(stride), padding: .same, countsPadding: false)(x)
        #expect(means.shape == shape && means.scalars(as: Float.self).allSatisfy { $0 == 1 })
        #expect(MaxPool1D(3, stride: stride, padding: .same)(x[0..., 0]).shape == [1, 7, (10 + stride - 1) / stride])
      }
    }
  }

  @Test func flattenMergesTheAxesFromOneOn() {
    withExecutor {
      let x = Tensor.arange(24, dtype: .float32).reshaped(to: [2, 3, 1, 4])
      #expect(Flatten()(x).shape == [2, 12] && Flatten(from: 2)(x).shape == [2, 3, 4])
      #expect(Flatten()(x).scalars(as: Float.self) == x.scalars(as: Float.self))
    }
  }

  /// The size times the stride, whatever the kernel; and the numbers of the padding it stands for.
  @Test func samePaddingEnlargesByTheStride() {
    withExecutor {
      for kernel in 1...5 {
        for stride in 1...3 {
          let layer = ConvTranspose2D(2, 3, kernel: Size2D(kernel, 3), stride: Size2D(stride, 2), padding: .same)
          #expect(layer(Tensor.ones([1, 2, 4, 5])).shape == [1, 3, 4 * stride, 10])
          let row = ConvTranspose1D(2, 3, kernel: kernel, stride: stride, padding: .same)
          #expect(row(Tensor.ones([1, 2, 4])).shape == [1, 3, 4 * stride])
        }
      }
      let same = ConvTranspose2D(1, 1, kernel: 5, stride: 2, padding: .same, bias: false)
      let numbers = ConvTranspose2D(1, 1, kernel: 5, stride: 2, padding: 1, bias: false)
      numbers.weight.replace(same.weight.value)
      let x = Tensor.arange(12, dtype: .float32).reshaped(to: [1, 1, 3, 4])
      // Of the three rows that are cut off, one is above.
      #expect(difference(same(x), numbers(x)[0..., 0..., ..<6, ..<8].hostArray()) < 1e-6)
      #expect(Conv1D(2, 3, kernel: 4, stride: 3, padding: .same)(Tensor.ones([1, 2, 10])).shape == [1, 3, 4])
    }
  }

  @Test func startingValuesArePyTorchs() {
    let layer = withRandomSeed(4) { ConvTranspose2D(40, 30, kernel: Size2D(2, 5), groups: 2) }
    #expect(layer.weight.shape == [40, 15, 2, 5])
    // Uniform in +-1/sqrt(outputs / groups * kernel area).
    let limit = 1 / (15.0 * 10).squareRoot()
    for parameter in layer.parameters {
      let values = parameter.parameter.value.scalars(as: Double.self)
      #expect(values.allSatisfy { abs($0) <= limit })
      #expect((values.map(abs).max() ?? 0) > 0.9 * limit, "\(parameter.name)")
    }
  }

  @Test func layersAreWrittenAsTheCodeThatBuildsThem() {
    let layers: [any Layer & CustomStringConvertible] = [
      AdaptiveAveragePool2D(7), AdaptiveMaxPool2D(Size2D(4, 2)), GlobalAveragePool2D(), GlobalMaxPool2D(),
      ConvTranspose2D(4, 6, kernel: 2),
      ConvTranspose2D(
        4, 6, kernel: Size2D(3, 5), stride: 3, padding: 1, outputPadding: Size2D(2, 1), dilation: 2, groups: 2,
        bias: false, activation: .relu),
      Conv1D(4, 6, kernel: 3), Conv1D(4, 6, kernel: 3, stride: 2, padding: .same, dilation: 2, groups: 2, bias: false),
      ConvTranspose1D(4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, activation: .tanh),
      MaxPool1D(2), MaxPool1D(3, stride: 2, padding: 1, dilation: 2, usesCeiling: true),
      AveragePool1D(3, stride: 2, countsPadding: false), AdaptiveAveragePool1D(4), AdaptiveMaxPool1D(3),
      GlobalAveragePool1D(), GlobalMaxPool1D(), Upsample(by: 2), Upsample(to: 7, .bilinear(alignsCorners: true)),
      Upsample(by: 2, width: 1.5, .bilinear),
    ]
    #expect(
      layers.map(\.description) == [
        "AdaptiveAveragePool2D(7)", "AdaptiveMaxPool2D(Size2D(4, 2))", "GlobalAveragePool2D()", "GlobalMaxPool2D()",
        "ConvTranspose2D(4, 6, kernel: 2)",
        "ConvTranspose2D(4, 6, kernel: Size2D(3, 5), stride: 3, padding: 1, outputPadding: Size2D(2, 1), dilation: 2, "
          + "groups: 2, bias: false, activation: .relu)",
        "Conv1D(4, 6, kernel: 3)",
        "Conv1D(4, 6, kernel: 3, stride: 2, padding: .same, dilation: 2, groups: 2, bias: false)",
        "ConvTranspose1D(4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, activation: .tanh)",
        "MaxPool1D(2)", "MaxPool1D(3, stride: 2, padding: 1, dilation: 2, usesCeiling: true)",
        "AveragePool1D(3, stride: 2, countsPadding: false)", "AdaptiveAveragePool1D(4)", "AdaptiveMaxPool1D(3)",
        "GlobalAveragePool1D()", "GlobalMaxPool1D()", "Upsample(by: 2.0)",
        "Upsample(to: 7, .bilinear(alignsCorners: true))", "Upsample(by: 2.0, width: 1.5, .bilinear)",
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

  @Test func mistakesOfPoolingAreNamed() {
    let x = Tensor.zeros([2, 3, 4, 5])
    #expect(
      problem { MaxPool2D(2)(x[0]) } == """
        MaxPool2D(2): the input is [3, 4, 5], it must be images [N, C, H, W]
        """)
    #expect(problem { MaxPool2D(0)(x) }.contains("the window 0x0 must be at least 1"))
    #expect(problem { AveragePool2D(2, stride: Size2D(1, 0))(x) }.contains("the stride 1x0 must be at least 1"))
    #expect(problem { MaxPool2D(2, dilation: -1)(x) }.contains("the dilation -1x-1 must be at least 1"))
    #expect(problem { MaxPool2D(3, padding: 2)(x) }.contains("padding 2x2 is more than half the window 3x3"))
    #expect(problem { AveragePool2D(3, padding: -1)(x) }.contains("padding cannot be negative"))
    #expect(problem { AveragePool2D(Size2D(2, 6))(x) }.contains("the window 2x6 does not fit into images of 4x5"))
    #expect(problem { AveragePool2D(2)(x.cast(to: .int32)) }.contains("needs floating-point images"))
  }

  @Test func mistakesOfConvolutionsAreNamed() {
    let x = Tensor.zeros([2, 4, 3, 5])
    #expect(
      problem { Conv2D(3, 6, kernel: 2)(x) } == """
        Conv2D(3, 6, kernel: 2): the input is [2, 4, 3, 5], it must be images [N, 3, H, W]
        """)
    #expect(problem { Conv2D(4, 0, kernel: 2)(x) }.contains("every size must be at least 1"))
    #expect(problem { Conv2D(4, 6, kernel: 2, stride: Size2D(2, 0))(x) }.contains("every size must be at least 1"))
    #expect(problem { Conv2D(4, 6, kernel: 2, dilation: 0)(x) }.contains("the dilation 0x0 must be at least 1"))
    #expect(problem { Conv2D(4, 6, kernel: 2, groups: 3)(x) }.contains("3 groups must divide both numbers of channels"))
    #expect(problem { Conv2D(4, 6, kernel: 2, padding: -1)(x) }.contains("padding cannot be negative"))
    #expect(problem { Conv2D(4, 6, kernel: 4)(x) }.contains("the 4x4 kernel does not fit into images of 3x5"))
    #expect(problem { Conv2D(4, 6, kernel: 2)(x.cast(to: .float64)) }.contains("must have one floating-point type"))
    #expect(problem { LocalResponseNorm(0)(x) }.contains("every size must be at least 1"))
    #expect(problem { LocalResponseNorm(5, k: 0)(x) }.contains("k positive"))
    #expect(problem { LocalResponseNorm(5)(x.cast(to: .int32)) }.contains("needs f32 or f64 [N, C, ...]"))
  }

  @Test func mistakesOfTransposedConvolutionsAreNamed() {
    let x = Tensor.zeros([2, 4, 3, 5])
    #expect(
      problem { ConvTranspose2D(4, 6, kernel: 2)(x[0]) } == """
        ConvTranspose2D(4, 6, kernel: 2): the input is [4, 3, 5], it must be images [N, 4, H, W] of at least one pixel
        """)
    #expect(problem { ConvTranspose2D(4, 6, kernel: 0)(x) }.contains("every size must be at least 1"))
    #expect(problem { ConvTranspose2D(4, 6, kernel: 2, groups: 4)(x) }.contains("4 groups must divide both"))
    #expect(problem { ConvTranspose2D(4, 6, kernel: 2, padding: 7)(x) }.contains("nothing would remain"))
    #expect(problem { ConvTranspose2D(4, 6, kernel: 2, padding: -1)(x) }.contains("padding cannot be negative"))
    #expect(
      problem { ConvTranspose2D(4, 6, kernel: 2, stride: Size2D(2, 3), outputPadding: 2)(x) }.contains(
        "the output padding 2x2 must be at least 0 and less than the stride 2x3 or the dilation 1x1"))
    #expect(
      problem { ConvTranspose2D(4, 6, kernel: 2, stride: 2, padding: .same, outputPadding: 1)(x) }.contains(
        "padding .same decides the size"))
    let weights = Tensor.zeros([4, 3, 2, 2])
    #expect(problem { transposedConv2D(x, weights, bias: Tensor.zeros([2])) }.contains("3 output channels need [3]"))
    #expect(problem { transposedConv2D(x, weights.cast(to: .float64)) }.contains("one floating-point type"))
    #expect(
      problem { transposedConv2D(x, weights, geometry: ConvolutionGeometry(groups: 3)) }.contains(
        "4 input channels do not divide into 3 groups"))
  }

  /// The nearest pixels are copies: no value changes a bit, and what is not a number spreads no further.
  @Test func nearestPixelsAreCopies() {
    withExecutor {
      let x = Tensor([1e-40, Float.nan, -Float.infinity, 0.1], shape: [1, 1, 2, 2])
      let y = Upsample(by: 49)(x)
      #expect(y.shape == [1, 1, 98, 98])
      let values = y.scalars(as: Float.self)
      for (index, value) in values.enumerated() {
        let source = [1e-40, Float.nan, -Float.infinity, 0.1][index / 98 / 49 * 2 + index % 98 / 49]
        if value.bitPattern != source.bitPattern { Issue.record("pixel \(index) is \(value)") }
      }
    }
  }

  @Test func mistakesOfUpsamplingAreNamed() {
    let x = Tensor.zeros([2, 4, 3, 5])
    #expect(problem { Upsample(by: 0)(x) }.contains("the factors must be positive numbers, got 0.0 and 0.0"))
    #expect(problem { Upsample(by: 1, width: .nan)(x) }.contains("the factors must be positive numbers"))
    #expect(problem { Upsample(by: 0.2)(x) }.contains("leave at least one pixel"))
    #expect(problem { Upsample(to: Size2D(3, 0))(x) }.contains("every size must be at least 1"))
    #expect(
      problem { Upsample(to: 3)(x[0]) } == """
        Upsample(to: 3): the input is [4, 3, 5], it must be images [N, C, H, W] of at least one pixel
        """)
    #expect(problem { x.resized(to: -2) }.contains("every extent must be at least 1"))
    #expect(problem { x.resized(by: .infinity, 2) }.contains("the factors must be positive numbers"))
    #expect(problem { x.cast(to: .uint8).resized(to: 2) }.contains("floating-point images"))
  }

  @Test func mistakesAlongSequencesAreNamed() {
    let x = Tensor.zeros([2, 4, 3])
    #expect(
      problem { Conv1D(4, 6, kernel: 2)(Tensor.zeros([2, 3, 4])) } == """
        Conv1D(4, 6, kernel: 2): the input is [2, 3, 4], it must be sequences [N, 4, L]
        """)
    #expect(problem { Conv1D(4, 6, kernel: 4)(x) }.contains("does not fit"))
    #expect(problem { Conv1D(4, 6, kernel: 2, padding: .size(Size2D(1, 2)))(x) }.contains("a sequence has one axis"))
    #expect(problem { ConvTranspose1D(4, 6, kernel: 2)(x[0]) }.contains("it must be sequences [N, 4, L]"))
    #expect(problem { ConvTranspose1D(4, 6, kernel: 2, dilation: 0)(x) }.contains("every size must be at least 1"))
    #expect(problem { MaxPool1D(4)(x) }.contains("does not fit"))
    #expect(problem { MaxPool1D(2, stride: 0)(x) }.contains("must be at least 1"))
    #expect(problem { AveragePool1D(2)(x[0]) }.contains("it must be sequences [N, C, L]"))
    #expect(problem { AdaptiveMaxPool1D(0)(x) }.contains("every size must be at least 1"))
    #expect(problem { GlobalMaxPool1D()(Tensor.zeros([2, 4, 0])) }.contains("at least one element"))
  }
}
