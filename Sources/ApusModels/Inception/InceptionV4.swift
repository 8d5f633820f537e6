import ApusNN
import ApusTensor

/// Inception-v4: a stem that branches from the start, then three kinds of modules with two reductions between them.
///
/// Shapes: `[N, 3, 299, 299]`, or images of at least 75x75, gives `[N, 1000]` logits. 42,679,816 parameters, called
/// `features.0.conv.weight` to `features.21.branch3.1.bn.bias` and `last_linear.weight`, as published weights are. The
/// weights start He-normal without the tails, as the authors' code has it.
///
/// ```swift
/// let model = InceptionV4(classes: 120)
/// ```
///
/// Reference: Inception-v4, Inception-ResNet and the impact of residual connections on learning; Szegedy, Ioffe, Vanhoucke,
/// Alemi; 2017.
public struct InceptionV4: Layer, CustomStringConvertible {
  /// The modules, by their positions.
  public var features: Sequential
  /// From the means of the 1536 maps to the classes, `last_linear`.
  public var lastLinear: Dense
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
    let modules = InceptionV4Modules(dtype: dtype)
    features = Sequential(modules.all(channels))
    lastLinear = Dense(1536, classes, dtype: dtype)
    self.dropout = Dropout(dropout)
    code =
      (channels == 3 ? "" : ", channels: \(channels)") + (classes == 1000 ? "" : ", classes: \(classes)")
      + (dropout == 0.2 ? "" : ", dropout: \(dropout)")
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor { lastLinear(dropout(features(x).globallyAveragePooled())) }

  /// The layers: `features` and `last_linear`.
  public var namedParts: [(name: String, part: Any)]? { [("features", features), ("last_linear", lastLinear)] }

  /// The code that builds the model.
  public var description: String { "InceptionV4(\(code.dropFirst(2)))" }
}

/// Builds the modules of ``InceptionV4``.
private struct InceptionV4Modules {
  private let parts: InceptionParts

  init(dtype: DType) { parts = InceptionParts(weights: .varianceScaling(2), dtype: dtype) }

  func all(_ channels: Int) -> [any Layer] {
    let stem: [any Layer] = [
      parts.unit(channels, 32, 3, stride: 2), parts.unit(32, 32, 3), parts.unit(32, 64, 3, pads: true),
      NamedLayers.branches([("maxpool", MaxPool2D(3, stride: 2)), ("conv", parts.unit(64, 96, 3, stride: 2))]),
      InceptionParts.numbered([
        Sequential([parts.unit(160, 64), parts.unit(64, 96, 3)]),
        Sequential([
          parts.unit(160, 64), parts.unit(64, 64, 1, 7, pads: true), parts.unit(64, 64, 7, 1, pads: true),
          parts.unit(64, 96, 3),
        ]),
      ]),
      NamedLayers.branches([("conv", parts.unit(192, 192, 3, stride: 2)), ("maxpool", MaxPool2D(3, stride: 2))]),
    ]
    return stem + (0..<4).map { _ in moduleA } + [reductionA] + (0..<7).map { _ in moduleB } + [reductionB]
      + (0..<3).map { _ in moduleC }
  }

  private var moduleA: NamedLayers {
    InceptionParts.numbered([
      parts.unit(384, 96), Sequential([parts.unit(384, 64), parts.unit(64, 96, 3, pads: true)]),
      Sequential([parts.unit(384, 64), parts.unit(64, 96, 3, pads: true), parts.unit(96, 96, 3, pads: true)]),
      parts.meanBranch(384, 96),
    ])
  }

  private var reductionA: NamedLayers {
    InceptionParts.numbered([
      parts.unit(384, 384, 3, stride: 2),
      Sequential([parts.unit(384, 192), parts.unit(192, 224, 3, pads: true), parts.unit(224, 256, 3, stride: 2)]),
      MaxPool2D(3, stride: 2),
    ])
  }

  private var moduleB: NamedLayers {
    InceptionParts.numbered([
      parts.unit(1024, 384),
      Sequential([
        parts.unit(1024, 192), parts.unit(192, 224, 1, 7, pads: true), parts.unit(224, 256, 7, 1, pads: true),
      ]),
      Sequential([
        parts.unit(1024, 192), parts.unit(192, 192, 7, 1, pads: true), parts.unit(192, 224, 1, 7, pads: true),
        parts.unit(224, 224, 7, 1, pads: true), parts.unit(224, 256, 1, 7, pads: true),
      ]), parts.meanBranch(1024, 128),
    ])
  }

  private var reductionB: NamedLayers {
    InceptionParts.numbered([
      Sequential([parts.unit(1024, 192), parts.unit(192, 192, 3, stride: 2)]),
      Sequential([
        parts.unit(1024, 256), parts.unit(256, 256, 1, 7, pads: true), parts.unit(256, 320, 7, 1, pads: true),
        parts.unit(320, 320, 3, stride: 2),
      ]), MaxPool2D(3, stride: 2),
    ])
  }

  private var moduleC: NamedLayers {
    /// A 1x3 and a 3x1 convolution side by side.
    func pair(_ name: String, _ inputs: Int) -> (name: String, layer: any Layer) {
      (
        "",
        NamedLayers.branches([
          (name + "a", parts.unit(inputs, 256, 1, 3, pads: true)),
          (name + "b", parts.unit(inputs, 256, 3, 1, pads: true)),
        ])
      )
    }
    return .branches([
      ("branch0", parts.unit(1536, 256)),
      InceptionParts.way([("branch1_0", parts.unit(1536, 384)), pair("branch1_1", 384)]),
      InceptionParts.way([
        ("branch2_0", parts.unit(1536, 384)), ("branch2_1", parts.unit(384, 448, 3, 1, pads: true)),
        ("branch2_2", parts.unit(448, 512, 1, 3, pads: true)), pair("branch2_3", 512),
      ]), ("branch3", parts.meanBranch(1536, 256)),
    ])
  }
}
