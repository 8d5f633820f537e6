import ApusNN
import ApusTensor

/// LeNet-5: two convolutions with pooling, three dense layers; for images of handwritten digits and the like.
///
/// Shapes: `[N, 1, 28, 28]`, padded by 2 on each side, or `[N, 1, 32, 32]`, gives `[N, 10]` logits. 61,706 parameters:
/// convolution to 6 maps of 28x28, pooling to 14x14, convolution to 16 maps of 10x10, pooling to 5x5, dense layers of
/// 120, 84 and 10.
///
/// ```swift
/// let model = LeNet5()
/// let logits = model(images)     // [128, 1, 28, 28] -> [128, 10]
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
  private let imageSize: Int

  /// A network.
  ///
  /// - Parameters:
  ///   - imageSize: 28, padded to 32, or 32.
  ///   - channels: 1 for gray images, 3 for colours.
  ///   - classes: the number of logits.
  public init(
    form: Form = .modern, imageSize: Int = 28, channels: Int = 1, classes: Int = 10, dtype: DType = .float32
  ) {
    if imageSize != 28 && imageSize != 32 {
      _ = Diagnostics.fail(
        ShapeError("LeNet5 takes images of 28x28 or 32x32, not \(imageSize)x\(imageSize)"), like: nil)
    }
    conv1 = Conv2D(channels, 6, kernel: 5, padding: imageSize == 28 ? 2 : .valid, dtype: dtype)
    conv2 = Conv2D(6, 16, kernel: 5, dtype: dtype)
    dense1 = Dense(400, 120, dtype: dtype)
    dense2 = Dense(120, 84, dtype: dtype)
    dense3 = Dense(84, classes, dtype: dtype)
    self.form = form
    self.imageSize = imageSize
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 4, x.shape[2] == imageSize, x.shape[3] == imageSize else {
      let problem =
        "\(self): the input is \(x.shape), it must be images [N, \(conv1.weight.shape[1]), \(imageSize), "
        + "\(imageSize)]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, dense3.weight.shape[0]], x.dtype))
    }
    switch form {
    case .modern:
      var h = relu(conv1(x)).maxPooled(2)
      h = relu(conv2(h)).maxPooled(2).flattened(from: 1)
      return dense3(relu(dense2(relu(dense1(h)))))
    case .original1998:
      let squash = Activation.scaledTanh
      var h = squash(conv1(x)).averagePooled(2)
      h = squash(conv2(h)).averagePooled(2).flattened(from: 1)
      return dense3(squash(dense2(squash(dense1(h)))))
    }
  }

  /// The code that builds the model.
  public var description: String {
    var settings: [String] = []
    if form != .modern { settings.append("form: .\(form.rawValue)") }
    if imageSize != 28 { settings.append("imageSize: \(imageSize)") }
    if conv1.weight.shape[1] != 1 { settings.append("channels: \(conv1.weight.shape[1])") }
    if dense3.weight.shape[0] != 10 { settings.append("classes: \(dense3.weight.shape[0])") }
    return "LeNet5(\(settings.joined(separator: ", ")))"
  }
}
