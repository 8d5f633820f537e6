import ApusNN
import ApusTensor

/// A residual network for small images, 28x28 or 32x32: a 3x3 convolution, three stages of ``ResidualBlock``, the mean of
/// every map, one dense layer.
///
/// Shapes: `[N, 3, 32, 32]`, or images of any size, gives `[N, 10]` logits. The stages have maps of the image's size, half
/// and a quarter of it, with 16, 32 and 64 channels; `width: 32` has twice as many and four times the work. 20 layers and
/// 16 channels: 272,474 parameters, called `conv1.weight`, `layer1.0.bn1.weight`, `layer2.0.downsample.0.weight`,
/// `fc.bias`.
///
/// ```swift
/// let model = SmallResNet(layers: 20, channels: 1)     // for Fashion-MNIST
/// ```
///
/// Reference: Deep residual learning for image recognition; He, Zhang, Ren, Sun; 2015, section 4.2, for CIFAR-10. Where the
/// number of channels changes, the shortcut is a 1x1 convolution (option B), not zeros (option A, 2,752 parameters fewer).
public struct SmallResNet: Layer, CustomStringConvertible {
  /// The numbers of layers in the paper's table that ``ModelCatalog`` offers.
  static let usualLayers = [20, 32, 44, 56]

  /// From the image to as many maps as the network is wide.
  public var conv1: Conv2D
  /// Follows the first convolution.
  public var bn1: BatchNorm
  /// The three stages.
  public var stages: [Sequential]
  /// From the means of the maps to the classes.
  public var fc: Dense

  /// A network.
  ///
  /// - Parameters:
  ///   - layers: 6 n + 2 for n blocks in each stage: 20, 32, 44, 56, 110.
  ///   - width: channels of the first stage.
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits.
  public init(layers: Int = 20, width: Int = 16, channels: Int = 3, classes: Int = 10, dtype: DType = .float32) {
    if layers < 8 || layers % 6 != 2 || width < 1 {
      let problem =
        "SmallResNet: the layers must be 8, 14, 20, ... and the width at least 1, got \(layers) and \(width)"
      _ = Diagnostics.fail(ShapeError(problem), like: nil)
    }
    let (blocks, width) = (max((layers - 2) / 6, 1), max(width, 1))
    conv1 = ResidualBlock.convolution(channels, width, 3, stride: 1, dtype)
    bn1 = BatchNorm(width, dtype: dtype)
    stages = (0..<3).map { stage in
      let outputs = width << stage
      return Sequential(
        (0..<blocks).map { block in
          let isFirst = stage > 0 && block == 0
          return ResidualBlock.basic(isFirst ? outputs / 2 : outputs, outputs, stride: isFirst ? 2 : 1, dtype: dtype)
        })
    }
    fc = Dense(4 * width, classes, dtype: dtype)
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    fc(stages.reduce(relu(bn1(conv1(x)))) { $1($0) }.globallyAveragePooled())
  }

  /// The layers: `conv1`, `bn1`, `layer1`, `layer2`, `layer3`, `fc`.
  public var namedParts: [(name: String, part: Any)]? {
    let body: [(name: String, part: Any)] = stages.enumerated().map { ("layer\($0 + 1)", $1) }
    return [("conv1", conv1), ("bn1", bn1)] + body + [("fc", fc)]
  }

  /// The code that builds the model.
  public var description: String {
    let width = conv1.weight.shape[0]
    return "SmallResNet(layers: \(6 * stages[0].layers.count + 2)" + (width == 16 ? "" : ", width: \(width)")
      + ModelCode.images(conv1, usual: 3, classes: fc.weight.shape[0], usual: 10) + ")"
  }
}
