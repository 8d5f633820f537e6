import ApusNN
import ApusTensor

/// Inception-ResNet-v2: Inception modules whose outputs, scaled down, are added to their inputs.
///
/// Shapes: `[N, 3, 299, 299]`, or images of at least 75x75, gives `[N, 1000]` logits. 55,843,464 parameters, called
/// `conv2d_1a.conv.weight`, `mixed_5b.branch1.0.conv.weight`, `repeat.0.conv2d.bias`, `classif.weight`, as published weights
/// are. The weights start He-normal without the tails, as the authors' code has it.
///
/// ```swift
/// let model = InceptionResNetV2(classes: 120)
/// ```
///
/// Reference: Inception-v4, Inception-ResNet and the impact of residual connections on learning; Szegedy, Ioffe, Vanhoucke,
/// Alemi; 2017.
public struct InceptionResNetV2: Layer, CustomStringConvertible {
  /// All modules, in order, with their names.
  public var features: NamedLayers
  /// From the means of the 1536 maps to the classes.
  public var classif: Dense
  /// Applied to the means of the maps.
  public var dropout: Dropout
  private let code: String

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits.
  ///   - dropout: the probability of dropping a feature before the last layer in training.
  public init(channels: Int = 3, classes: Int = 1000, dropout: Double = 0.2, dtype: DType = .float32) {
    features = InceptionResNetV2Modules(dtype: dtype).all(channels)
    classif = Dense(1536, classes, dtype: dtype)
    self.dropout = Dropout(dropout)
    code =
      (channels == 3 ? "" : ", channels: \(channels)") + (classes == 1000 ? "" : ", classes: \(classes)")
      + (dropout == 0.2 ? "" : ", dropout: \(dropout)")
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor { classif(dropout(features(x).globallyAveragePooled())) }

  /// The layers: `conv2d_1a`, ..., `conv2d_7b`, `classif`.
  public var namedParts: [(name: String, part: Any)]? { (features.namedParts ?? []) + [("classif", classif)] }

  /// The code that builds the model.
  public var description: String { "InceptionResNetV2(\(code.dropFirst(2)))" }
}

/// A residual module of ``InceptionResNetV2``: branches, joined, brought back to the input's channels by a 1x1 convolution,
/// scaled and added to the input; then ReLU, but in the last one.
///
///     y = relu(x + scale conv2d(branches(x)))
public struct ScaledResidual: Layer, CustomStringConvertible {
  /// The branches, `branch0`, `branch1`, ...
  public var branches: NamedLayers
  /// The 1x1 convolution.
  public var conv2d: Conv2D
  /// What the output of the convolution is multiplied by.
  public let scale: Double
  /// Whether a ReLU follows the sum.
  public let rectifies: Bool

  /// `relu(x + scale conv2d(branches(x)))`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let h = conv2d(branches(x))
    let sum = x + (scale == 1 ? h : h * scale)
    return rectifies ? relu(sum) : sum
  }

  /// The branches and the convolution.
  public var namedParts: [(name: String, part: Any)]? { (branches.namedParts ?? []) + [("conv2d", conv2d)] }

  /// The name of the type; its layers follow in a description of the model.
  public var description: String { "ScaledResidual" }
}

/// Builds the modules of ``InceptionResNetV2``.
private struct InceptionResNetV2Modules {
  private let parts: InceptionParts

  init(dtype: DType) { parts = InceptionParts(weights: .varianceScaling(2), dtype: dtype) }

  func all(_ channels: Int) -> NamedLayers {
    .chain([
      ("conv2d_1a", parts.unit(channels, 32, 3, stride: 2)), ("conv2d_2a", parts.unit(32, 32, 3)),
      ("conv2d_2b", parts.unit(32, 64, 3, pads: true)), ("maxpool_3a", MaxPool2D(3, stride: 2)),
      ("conv2d_3b", parts.unit(64, 80)), ("conv2d_4a", parts.unit(80, 192, 3)),
      ("maxpool_5a", MaxPool2D(3, stride: 2)), ("mixed_5b", mixed5b),
      ("repeat", Sequential((0..<10).map { _ in block35 })), ("mixed_6a", mixed6a),
      ("repeat_1", Sequential((0..<20).map { _ in block17 })), ("mixed_7a", mixed7a),
      ("repeat_2", Sequential((0..<9).map { _ in block8(scale: 0.2, rectifies: true) })),
      ("block8", block8(scale: 1, rectifies: false)), ("conv2d_7b", parts.unit(2080, 1536)),
    ])
  }

  private var mixed5b: NamedLayers {
    InceptionParts.numbered([
      parts.unit(192, 96), Sequential([parts.unit(192, 48), parts.unit(48, 64, 5, pads: true)]),
      Sequential([parts.unit(192, 64), parts.unit(64, 96, 3, pads: true), parts.unit(96, 96, 3, pads: true)]),
      parts.meanBranch(192, 64),
    ])
  }

  private var mixed6a: NamedLayers {
    InceptionParts.numbered([
      parts.unit(320, 384, 3, stride: 2),
      Sequential([parts.unit(320, 256), parts.unit(256, 256, 3, pads: true), parts.unit(256, 384, 3, stride: 2)]),
      MaxPool2D(3, stride: 2),
    ])
  }

  private var mixed7a: NamedLayers {
    InceptionParts.numbered([
      Sequential([parts.unit(1088, 256), parts.unit(256, 384, 3, stride: 2)]),
      Sequential([parts.unit(1088, 256), parts.unit(256, 288, 3, stride: 2)]),
      Sequential([parts.unit(1088, 256), parts.unit(256, 288, 3, pads: true), parts.unit(288, 320, 3, stride: 2)]),
      MaxPool2D(3, stride: 2),
    ])
  }

  private func residual(
    _ branches: [any Layer], joined: Int, _ channels: Int, scale: Double, rectifies: Bool = true
  ) -> ScaledResidual {
    ScaledResidual(
      branches: InceptionParts.numbered(branches),
      conv2d: Conv2D(
        joined, channels, kernel: 1, weightInitializer: parts.weights, biasInitializer: .zeros, dtype: parts.dtype),
      scale: scale, rectifies: rectifies)
  }

  private var block35: ScaledResidual {
    residual(
      [
        parts.unit(320, 32), Sequential([parts.unit(320, 32), parts.unit(32, 32, 3, pads: true)]),
        Sequential([parts.unit(320, 32), parts.unit(32, 48, 3, pads: true), parts.unit(48, 64, 3, pads: true)]),
      ], joined: 128, 320, scale: 0.17)
  }

  private var block17: ScaledResidual {
    residual(
      [
        parts.unit(1088, 192),
        Sequential([
          parts.unit(1088, 128), parts.unit(128, 160, 1, 7, pads: true), parts.unit(160, 192, 7, 1, pads: true),
        ]),
      ], joined: 384, 1088, scale: 0.1)
  }

  private func block8(scale: Double, rectifies: Bool) -> ScaledResidual {
    residual(
      [
        parts.unit(2080, 192),
        Sequential([
          parts.unit(2080, 192), parts.unit(192, 224, 1, 3, pads: true), parts.unit(224, 256, 3, 1, pads: true),
        ]),
      ], joined: 448, 2080, scale: scale, rectifies: rectifies)
  }
}
