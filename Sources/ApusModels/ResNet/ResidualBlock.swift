import ApusNN
import ApusTensor

/// The unit of a ``ResNet``: convolutions with batch normalisation whose output is added to the input, then ReLU.
///
///     y = relu(x + f(x))
///
/// The input goes through a 1x1 convolution with batch normalisation (`downsample`) where its shape is not the output's
/// (option B of the paper). Parameters: `conv1`, `bn1`, `conv2`, ... and `downsample.0`, `downsample.1`.
///
/// Reference: Deep residual learning for image recognition; He, Zhang, Ren, Sun; 2015.
public struct ResidualBlock: Layer, CustomStringConvertible {
  /// The convolutions, first to last.
  public let convolutions: [Conv2D]
  /// What follows each convolution.
  public let normalizations: [BatchNorm]
  /// What the input goes through before the sum; nil where the shapes are the same.
  public let downsample: Sequential?

  /// Two 3x3 convolutions; the first has the stride.
  public static func basic(_ inputs: Int, _ width: Int, stride: Int, dtype: DType = .float32) -> ResidualBlock {
    ResidualBlock(
      [
        convolution(inputs, width, 3, stride: stride, dtype), convolution(width, width, 3, stride: 1, dtype),
      ], inputs, stride: stride, dtype)
  }

  /// 1x1 to fewer channels, 3x3, 1x1 to four times as many; the 3x3 convolution has the stride, as torchvision's.
  public static func bottleneck(_ inputs: Int, _ width: Int, stride: Int, dtype: DType = .float32) -> ResidualBlock {
    ResidualBlock(
      [
        convolution(inputs, width, 1, stride: 1, dtype), convolution(width, width, 3, stride: stride, dtype),
        convolution(width, 4 * width, 1, stride: 1, dtype),
      ], inputs, stride: stride, dtype)
  }

  private init(_ convolutions: [Conv2D], _ inputs: Int, stride: Int, _ dtype: DType) {
    self.convolutions = convolutions
    normalizations = convolutions.map { BatchNorm($0.weight.shape[0], dtype: dtype) }
    let outputs = convolutions.last?.weight.shape[0] ?? inputs
    downsample =
      stride == 1 && inputs == outputs
      ? nil
      : Sequential([
        Self.convolution(inputs, outputs, 1, stride: stride, dtype), BatchNorm(outputs, dtype: dtype),
      ])
  }

  /// A convolution without bias, started with He's normal distribution by the fan out.
  static func convolution(
    _ inputs: Int, _ outputs: Int, _ kernel: Int, stride: Int, _ dtype: DType
  ) -> Conv2D {
    Conv2D(
      inputs, outputs, kernel: Size2D(kernel, kernel), stride: Size2D(stride, stride),
      padding: kernel == 1 ? .valid : .size(Size2D(kernel / 2, kernel / 2)), bias: false,
      weightInitializer: .heNormal(mode: .fanOut), dtype: dtype)
  }

  /// `relu(x + f(x))`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var h = x
    for (position, convolution) in convolutions.enumerated() {
      h = normalizations[position](convolution(h))
      if position < convolutions.count - 1 { h = relu(h) }
    }
    return relu(h + (downsample?(x) ?? x))
  }

  /// The layers, as torchvision calls them.
  public var namedParts: [(name: String, part: Any)]? {
    let main = convolutions.indices.flatMap { position -> [(name: String, part: Any)] in
      [("conv\(position + 1)", convolutions[position]), ("bn\(position + 1)", normalizations[position])]
    }
    return downsample.map { main + [("downsample", $0)] } ?? main
  }

  /// The kind of block.
  public var description: String { convolutions.count == 3 ? "ResidualBlock.bottleneck" : "ResidualBlock.basic" }
}
