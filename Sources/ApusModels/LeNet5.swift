import ApusNN
import ApusTensor

/// LeNet-5: two convolutions with pooling, three dense layers; for images of handwritten digits and the like.
///
/// Shapes: `[N, 1, 28, 28]`, padded by 2 on each side, or `[N, 1, 32, 32]`, gives `[N, 10]` logits. 61,706 parameters:
/// convolution to 6 maps of 28x28, pooling to 14x14, convolution to 16 maps of 10x10, pooling to 5x5, dense layers of
/// 120, 84 and 10. With a normalisation or learnt slopes, `norm1` and `prelu1` follow `conv1`, the next `conv2`, `dense1` and
/// `dense2`.
///
/// ```swift
/// let model = LeNet5()
/// let logits = model(images)     // [128, 1, 28, 28] -> [128, 10]
/// let normalized = LeNet5(dropout: 0.5, normalization: .batch)
/// ```
///
/// Reference: Gradient-based learning applied to document recognition; LeCun, Bottou, Bengio, Haffner; 1998.
public struct LeNet5: Layer, CustomStringConvertible {
  /// What the network is made of.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// ReLU and max pooling.
    case modern
    /// The activation 1.7159 tanh(2x/3) and average pooling, as in 1998. Unlike the paper's, its pooling has no trained
    /// coefficients, every map of the second convolution sees all maps of the first, and the output is logits, not
    /// distances to pictures of the digits.
    case original1998
  }

  /// From the image to 6 maps, 5x5 kernels.
  public var conv1: Conv2D
  /// From 6 to 16 maps, 5x5 kernels.
  public var conv2: Conv2D
  /// From 16 maps of 5x5 to 120.
  public var dense1: Dense
  /// From 120 to 84.
  public var dense2: Dense
  /// From 84 to the classes.
  public var dense3: Dense
  /// What the network is made of.
  public let form: Form
  /// Applied after the hidden dense layers.
  public var dropout: Dropout
  /// Applied to the images.
  public var inputDropout: Dropout
  /// Added to the images before any pixel is dropped.
  public var inputNoise: GaussianNoise
  /// Applied after the pooling of each convolution.
  public var spatialDropout: SpatialDropout
  private let stages: [HiddenStage]
  private let imageSize: Int
  private let settings: String

  /// A network.
  ///
  /// - Parameters:
  ///   - imageSize: 28, padded to 32, or 32.
  ///   - channels: 1 for gray images, 3 for colours.
  ///   - classes: the number of logits.
  ///   - dropout: the probability of dropping a unit of the hidden dense layers in training; 0.5 is usual.
  ///   - inputDropout: the probability of dropping a pixel in training; 0.2 is usual.
  ///   - inputNoise: the standard deviation of the normal noise that training adds to the images.
  ///   - spatialDropout: the probability of dropping a whole map of a convolution in training.
  ///   - activation: of the hidden layers; nil for the form's.
  ///   - learntSlope: where the slopes of ``PReLU`` start, which then takes the activation's place.
  ///   - hasSlopePerChannel: whether each map and unit has a slope of its own, not each layer one.
  ///   - normalization: of the hidden layers.
  ///   - weightInitializer: of every layer; PyTorch's default.
  ///   - biasInitializer: of the hidden layers; PyTorch's default. A small positive constant keeps ReLUs alive at the
  ///     start.
  public init(
    form: Form = .modern, imageSize: Int = 28, channels: Int = 1, classes: Int = 10, dropout: Double = 0,
    inputDropout: Double = 0, inputNoise: Double = 0, spatialDropout: Double = 0, activation: Activation? = nil,
    learntSlope: Double? = nil, hasSlopePerChannel: Bool = false,
    normalization: HiddenNormalization = .none, weightInitializer: Initializer = .torchDefault,
    biasInitializer: Initializer = .torchDefault, dtype: DType = .float32
  ) {
    if imageSize != 28 && imageSize != 32 {
      _ = Diagnostics.fail(
        ShapeError("LeNet5 takes images of 28x28 or 32x32, not \(imageSize)x\(imageSize)"), like: nil)
    }
    let (weights, biases) = (weightInitializer, biasInitializer)
    conv1 = Conv2D(
      channels, 6, kernel: 5, padding: imageSize == 28 ? 2 : .valid, weightInitializer: weights,
      biasInitializer: biases, dtype: dtype)
    conv2 = Conv2D(6, 16, kernel: 5, weightInitializer: weights, biasInitializer: biases, dtype: dtype)
    dense1 = Dense(400, 120, weightInitializer: weights, biasInitializer: biases, dtype: dtype)
    dense2 = Dense(120, 84, weightInitializer: weights, biasInitializer: biases, dtype: dtype)
    dense3 = Dense(84, classes, weightInitializer: weights, dtype: dtype)
    let usual = form == .modern ? Activation.relu : .scaledTanh
    stages = Self.hiddenWidths.enumerated().map { position, width in
      HiddenStage(
        features: width, isImage: position < 2, normalization: normalization, activation: activation ?? usual,
        learntSlope: learntSlope, hasSlopePerChannel: hasSlopePerChannel, dtype: dtype)
    }
    self.form = form
    self.dropout = Dropout(dropout)
    self.inputDropout = Dropout(inputDropout)
    self.inputNoise = GaussianNoise(inputNoise)
    self.spatialDropout = SpatialDropout(spatialDropout)
    self.imageSize = imageSize
    settings =
      (dropout == 0 ? "" : ", dropout: \(dropout)") + (inputDropout == 0 ? "" : ", inputDropout: \(inputDropout)")
      + (inputNoise == 0 ? "" : ", inputNoise: \(inputNoise)")
      + (spatialDropout == 0 ? "" : ", spatialDropout: \(spatialDropout)")
      + (learntSlope.map { ", learntSlope: \($0)" + (hasSlopePerChannel ? ", hasSlopePerChannel: true" : "") }
        ?? activation.map { ", activation: .\($0)" } ?? "")
      + (normalization == .none ? "" : ", normalization: \(normalization)")
  }

  /// Maps or units of the hidden layers; the first two are convolutions.
  static let hiddenWidths = [6, 16, 120, 84]

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape[2] == imageSize, x.shape[3] == imageSize else {
      let problem =
        "\(self): the input is \(x.shape), it must be images [N, \(conv1.weight.shape[1]), \(imageSize), "
        + "\(imageSize)]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, dense3.weight.shape[0]], x.dtype))
    }
    func pooled(_ maps: Tensor) -> Tensor { form == .modern ? maps.maxPooled(2) : maps.averagePooled(2) }
    var h = spatialDropout(pooled(stages[0](conv1(inputDropout(inputNoise(x))))))
    h = spatialDropout(pooled(stages[1](conv2(h)))).flattened(from: 1)
    h = dropout(stages[2](dense1(h)))
    return dense3(dropout(stages[3](dense2(h))))
  }

  /// The layers, as `conv1`, `norm1`, `conv2`, ...
  public var namedParts: [(name: String, part: Any)]? {
    let hidden: [(name: String, part: Any)] = [
      ("conv1", conv1), ("conv2", conv2), ("dense1", dense1), ("dense2", dense2),
    ]
    return zip(hidden, stages).enumerated().flatMap { [$1.0] + $1.1.parts($0 + 1) } + [("dense3", dense3)]
  }

  /// The code that builds the model.
  public var description: String {
    var settings: [String] = []
    if form != .modern { settings.append("form: .\(form.rawValue)") }
    if imageSize != 28 { settings.append("imageSize: \(imageSize)") }
    if conv1.weight.shape[1] != 1 { settings.append("channels: \(conv1.weight.shape[1])") }
    if dense3.weight.shape[0] != 10 { settings.append("classes: \(dense3.weight.shape[0])") }
    let options = settings.joined(separator: ", ") + self.settings
    return "LeNet5(\(options.hasPrefix(", ") ? String(options.dropFirst(2)) : options))"
  }
}
