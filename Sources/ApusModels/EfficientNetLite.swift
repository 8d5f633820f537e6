import ApusNN
import ApusTensor

/// EfficientNet-Lite0: inverted residual blocks of depthwise convolutions, made for small machines. EfficientNet-B0 without
/// squeeze-and-excitation and with ReLU6.
///
/// Shapes: `[N, 3, 224, 224]`, or images of at least 32x32, gives `[N, 1000]` logits; 4,652,008 parameters with 1000
/// classes. The names are those of the published weights, `_blocks.3._depthwise_conv.weight`, which load from their `.pth`.
/// They expect pixels `(x - 127) / 128`, x from 0 to 255. Convolutions are padded so that sizes halve, one more below and to
/// the right where the padding is odd, as TensorFlow does.
///
/// ```swift
/// let model = EfficientNetLite()
/// try model.load(from: "efficientnet-lite0-57934424.pth")
/// ```
/// Reference: EfficientNet: Rethinking model scaling for convolutional neural networks; Tan, Le; 2019.
public struct EfficientNetLite: Layer, CustomStringConvertible {
  private let stem: Conv2D
  private let stemNorm: BatchNorm
  private let blocks: [InvertedResidual]
  private let head: Conv2D
  private let headNorm: BatchNorm
  private let dropout: Dropout
  private let output: Dense

  /// Stages: blocks, kernel, stride of the first block, expansion of the channels inside, output channels.
  private static let stages: [(blocks: Int, kernel: Int, stride: Int, expansion: Int, channels: Int)] = [
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
  ]

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: of the images.
  ///   - classes: outputs.
  ///   - dropout: the part of the last features that training drops.
  public init(channels: Int = 3, classes: Int = 1000, dropout: Double = 0.2) {
    stem = Conv2D(channels, 32, kernel: 3, stride: 2, padding: .same, bias: false)
    stemNorm = Self.norm(32)
    var inputs = 32
    var blocks: [InvertedResidual] = []
    for stage in Self.stages {
      for position in 0..<stage.blocks {
        blocks.append(
          InvertedResidual(
            inputs, stage.channels, kernel: stage.kernel, stride: position == 0 ? stage.stride : 1,
            expansion: stage.expansion))
        inputs = stage.channels
      }
    }
    self.blocks = blocks
    head = Conv2D(inputs, 1280, kernel: 1, bias: false)
    headNorm = Self.norm(1280)
    self.dropout = Dropout(dropout)
    output = Dense(1280, classes)
  }

  /// With the momentum and epsilon of the paper's code.
  static func norm(_ channels: Int) -> BatchNorm { BatchNorm(channels, momentum: 0.01, epsilon: 1e-3) }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var h = relu6(stemNorm(stem(x)))
    for block in blocks { h = block(h) }
    h = relu6(headNorm(head(h)))
    return output(dropout(h.globallyAveragePooled()))
  }

  /// The layers, under the names of the published weights.
  public var namedParts: [(name: String, part: Any)]? {
    [
      ("_conv_stem", stem), ("_bn0", stemNorm), ("_blocks", blocks), ("_conv_head", head), ("_bn1", headNorm),
      ("", dropout), ("_fc", output),
    ]
  }

  /// The code that builds the model.
  public var description: String {
    let (channels, classes) = (stem.weight.shape[1], output.weight.shape[0])
    var settings: [String] = []
    if channels != 3 { settings.append("channels: \(channels)") }
    if classes != 1000 { settings.append("classes: \(classes)") }
    if dropout.probability != 0.2 { settings.append("dropout: \(dropout.probability)") }
    return "EfficientNetLite(\(settings.joined(separator: ", ")))"
  }
}

/// A block that is wide inside and narrow at both ends: a 1x1 convolution that widens, a depthwise one, a 1x1 convolution
/// that narrows, without an activation after it; the input is added where shapes allow.
struct InvertedResidual: Layer {
  private let expansion: Conv2D?
  private let expansionNorm: BatchNorm?
  private let depthwise: Conv2D
  private let depthwiseNorm: BatchNorm
  private let projection: Conv2D
  private let projectionNorm: BatchNorm
  private let addsInput: Bool

  init(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, expansion factor: Int) {
    let width = inputs * factor
    expansion = factor == 1 ? nil : Conv2D(inputs, width, kernel: 1, bias: false)
    expansionNorm = factor == 1 ? nil : EfficientNetLite.norm(width)
    depthwise = Conv2D(
      width, width, kernel: Size2D(kernel), stride: Size2D(stride), padding: .same, groups: width, bias: false)
    depthwiseNorm = EfficientNetLite.norm(width)
    projection = Conv2D(width, outputs, kernel: 1, bias: false)
    projectionNorm = EfficientNetLite.norm(outputs)
    addsInput = stride == 1 && inputs == outputs
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var h = x
    if let expansion, let expansionNorm { h = relu6(expansionNorm(expansion(h))) }
    h = relu6(depthwiseNorm(depthwise(h)))
    h = projectionNorm(projection(h))
    return addsInput ? h + x : h
  }

  var namedParts: [(name: String, part: Any)]? {
    var parts: [(name: String, part: Any)] = []
    if let expansion, let expansionNorm { parts += [("_expand_conv", expansion), ("_bn0", expansionNorm)] }
    return parts + [
      ("_depthwise_conv", depthwise), ("_bn1", depthwiseNorm), ("_project_conv", projection), ("_bn2", projectionNorm),
    ]
  }
}
