import ApusNN
import ApusTensor

/// A residual network for photographs: a 7x7 convolution, four stages of ``ResidualBlock``, the mean of every map, one
/// dense layer.
///
/// Shapes: `[N, 3, 224, 224]`, or images of any size, gives `[N, 1000]` logits; the stages have maps of 56x56, 28x28,
/// 14x14 and 7x7. Parameters with 1000 classes: 11,689,512 (18 layers), 21,797,672 (34), 25,557,032 (50), 44,549,160 (101),
/// 60,192,808 (152), with torchvision's names: `conv1.weight`, `layer1.0.bn1.running_mean`, `layer2.0.downsample.0.weight`,
/// `fc.bias`. Initial values as torchvision's: convolutions by He's normal distribution with the fan out.
///
/// ```swift
/// let model = ResNet(.resnet18, classes: 37)
/// let logits = model(photographs)     // [32, 3, 160, 160] -> [32, 37]
/// ```
///
/// Reference: Deep residual learning for image recognition; He, Zhang, Ren, Sun; 2015. As in torchvision, the stride of a
/// bottleneck is in its 3x3 convolution.
public struct ResNet: Layer, CustomStringConvertible {
  /// The networks of the paper.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// 18 layers.
    case resnet18
    /// 34 layers.
    case resnet34
    /// 50 layers, of bottlenecks.
    case resnet50
    /// 101 layers, of bottlenecks.
    case resnet101
    /// 152 layers, of bottlenecks.
    case resnet152

    /// Blocks of each stage.
    var blocks: [Int] {
      switch self {
      case .resnet18: [2, 2, 2, 2]
      case .resnet34, .resnet50: [3, 4, 6, 3]
      case .resnet101: [3, 4, 23, 3]
      case .resnet152: [3, 8, 36, 3]
      }
    }

    /// Whether the blocks are bottlenecks.
    var hasBottlenecks: Bool { self != .resnet18 && self != .resnet34 }
  }

  /// Which network it is.
  public let form: Form
  /// From the image to 64 maps of half its size.
  public var conv1: Conv2D
  /// Follows the first convolution.
  public var bn1: BatchNorm
  /// The four stages.
  public var stages: [Sequential]
  /// From the means of the maps to the classes.
  public var fc: Dense

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits.
  public init(_ form: Form, channels: Int = 3, classes: Int = 1000, dtype: DType = .float32) {
    self.form = form
    conv1 = ResidualBlock.convolution(channels, 64, 7, stride: 2, dtype)
    bn1 = BatchNorm(64, dtype: dtype)
    var inputs = 64
    stages = form.blocks.enumerated().map { stage, count in
      let width = 64 << stage
      return Sequential(
        (0..<count).map { block in
          defer { inputs = form.hasBottlenecks ? 4 * width : width }
          let stride = stage > 0 && block == 0 ? 2 : 1
          return form.hasBottlenecks
            ? ResidualBlock.bottleneck(inputs, width, stride: stride, dtype: dtype)
            : ResidualBlock.basic(inputs, width, stride: stride, dtype: dtype)
        })
    }
    fc = Dense(inputs, classes, dtype: dtype)
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let h = relu(bn1(conv1(x))).maxPooled(3, stride: 2, padding: 1)
    return fc(stages.reduce(h) { $1($0) }.globallyAveragePooled())
  }

  /// The layers, as torchvision calls them: `conv1`, `bn1`, `layer1`, ..., `fc`.
  public var namedParts: [(name: String, part: Any)]? {
    let body: [(name: String, part: Any)] = stages.enumerated().map { ("layer\($0 + 1)", $1) }
    return [("conv1", conv1), ("bn1", bn1)] + body + [("fc", fc)]
  }

  /// The code that builds the model.
  public var description: String {
    "ResNet(.\(form.rawValue)" + ModelCode.images(conv1, usual: 3, classes: fc.weight.shape[0], usual: 1000) + ")"
  }
}
