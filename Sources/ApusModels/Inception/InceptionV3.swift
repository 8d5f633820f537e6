import ApusNN
import ApusTensor

/// Inception-v3: modules of branches whose large kernels are factorised into 3x3, 1x7 and 7x1 ones, with one auxiliary head
/// that only training uses.
///
/// Shapes: `[N, 3, 299, 299]`, or images of at least 75x75, gives `[N, 1000]` logits; the head needs 299x299 at least, so
/// training on smaller images takes `hasHead: false`. 27,161,264 parameters, 23,834,568 without the head, with torchvision's
/// names, `Mixed_5b.branch5x5_1.conv.weight` and `AuxLogits.fc.bias`, and initial values: normal with deviation 0.1. In
/// training the loss of the head is added with weight 0.4, see `Layer.trainingOutputs(_:)`.
///
/// ```swift
/// let model = InceptionV3(classes: 5, hasHead: false)
/// ```
///
/// Reference: Rethinking the Inception architecture for computer vision; Szegedy, Vanhoucke, Ioffe, Shlens, Wojna; 2016.
public struct InceptionV3: Layer, CustomStringConvertible {
  /// The layers up to the head.
  public var beginning: NamedLayers
  /// The auxiliary head, `AuxLogits`.
  public var head: NamedLayers?
  /// The layers after it.
  public var end: NamedLayers
  /// From the means of the 2048 maps to the classes.
  public var fc: Dense
  /// Applied to the means of the maps.
  public var dropout: Dropout
  private let code: String

  /// What the loss of the head counts.
  public static let headWeight = 0.4

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits.
  ///   - hasHead: whether there is an auxiliary head.
  ///   - dropout: the probability of dropping a feature before the last layer in training.
  public init(
    channels: Int = 3, classes: Int = 1000, hasHead: Bool = true, dropout: Double = 0.5, dtype: DType = .float32
  ) {
    let modules = InceptionV3Modules(dtype: dtype)
    beginning = modules.beginning(channels)
    head = hasHead ? modules.head(classes) : nil
    end = modules.end
    fc = Dense(2048, classes, weightInitializer: .normal(standardDeviation: 0.1), dtype: dtype)
    self.dropout = Dropout(dropout)
    code =
      (channels == 3 ? "" : ", channels: \(channels)") + (classes == 1000 ? "" : ", classes: \(classes)")
      + (hasHead ? "" : ", hasHead: false") + (dropout == 0.5 ? "" : ", dropout: \(dropout)")
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor { logits(beginning(x)) }

  /// The logits, and those of the auxiliary head.
  public func trainingOutputs(_ x: Tensor) -> (main: Tensor, auxiliary: [AuxiliaryOutput]) {
    let h = beginning(x)
    return (logits(h), head.map { [AuxiliaryOutput($0(h), weight: Self.headWeight)] } ?? [])
  }

  private func logits(_ middle: Tensor) -> Tensor { fc(dropout(end(middle).globallyAveragePooled())) }

  /// The layers, as torchvision calls them: `Conv2d_1a_3x3`, ..., `AuxLogits`, ..., `Mixed_7c`, `fc`.
  public var namedParts: [(name: String, part: Any)]? {
    let head: [(name: String, part: Any)] = self.head.map { [("AuxLogits", $0)] } ?? []
    return (beginning.namedParts ?? []) + head + (end.namedParts ?? []) + [("fc", fc)]
  }

  /// The code that builds the model.
  public var description: String { "InceptionV3(\(code.dropFirst(2)))" }
}

/// Builds the parts of ``InceptionV3``.
private struct InceptionV3Modules {
  let parts: InceptionParts

  init(dtype: DType) { parts = InceptionParts(weights: .normal(standardDeviation: 0.1), dtype: dtype) }

  private func unit(
    _ inputs: Int, _ outputs: Int, _ height: Int = 1, _ width: Int? = nil, stride: Size2D = 1, pads: Bool = false
  ) -> ConvolutionUnit {
    parts.unit(inputs, outputs, height, width, stride: stride, pads: pads)
  }

  func beginning(_ channels: Int) -> NamedLayers {
    .chain([
      ("Conv2d_1a_3x3", unit(channels, 32, 3, stride: 2)), ("Conv2d_2a_3x3", unit(32, 32, 3)),
      ("Conv2d_2b_3x3", unit(32, 64, 3, pads: true)), ("maxpool1", MaxPool2D(3, stride: 2)),
      ("Conv2d_3b_1x1", unit(64, 80)), ("Conv2d_4a_3x3", unit(80, 192, 3)), ("maxpool2", MaxPool2D(3, stride: 2)),
      ("Mixed_5b", moduleA(192, pool: 32)), ("Mixed_5c", moduleA(256, pool: 64)),
      ("Mixed_5d", moduleA(288, pool: 64)), ("Mixed_6a", moduleB(288)), ("Mixed_6b", moduleC(128)),
      ("Mixed_6c", moduleC(160)), ("Mixed_6d", moduleC(160)), ("Mixed_6e", moduleC(192)),
    ])
  }

  var end: NamedLayers {
    .chain([("Mixed_7a", moduleD), ("Mixed_7b", moduleE(1280)), ("Mixed_7c", moduleE(2048))])
  }

  func head(_ classes: Int) -> NamedLayers {
    .chain([
      ("pool", AveragePool2D(5, stride: 3)), ("conv0", unit(768, 128)),
      ("conv1", parts.unit(128, 768, 5, weights: .normal(standardDeviation: 0.01))), ("mean", GlobalAveragePool2D()),
      ("fc", Dense(768, classes, weightInitializer: .normal(standardDeviation: 0.001), dtype: parts.dtype)),
    ])
  }

  /// Pooling and a 1x1 convolution.
  private func poolBranch(_ inputs: Int, _ outputs: Int) -> (name: String, layer: any Layer) {
    InceptionParts.way([
      ("pool", AveragePool2D(3, stride: 1, padding: 1)), ("branch_pool", unit(inputs, outputs)),
    ])
  }

  private func moduleA(_ inputs: Int, pool: Int) -> NamedLayers {
    .branches([
      ("branch1x1", unit(inputs, 64)),
      InceptionParts.way([("branch5x5_1", unit(inputs, 48)), ("branch5x5_2", unit(48, 64, 5, pads: true))]),
      InceptionParts.way([
        ("branch3x3dbl_1", unit(inputs, 64)), ("branch3x3dbl_2", unit(64, 96, 3, pads: true)),
        ("branch3x3dbl_3", unit(96, 96, 3, pads: true)),
      ]), poolBranch(inputs, pool),
    ])
  }

  private func moduleB(_ inputs: Int) -> NamedLayers {
    .branches([
      ("branch3x3", unit(inputs, 384, 3, stride: 2)),
      InceptionParts.way([
        ("branch3x3dbl_1", unit(inputs, 64)), ("branch3x3dbl_2", unit(64, 96, 3, pads: true)),
        ("branch3x3dbl_3", unit(96, 96, 3, stride: 2)),
      ]), ("branch_pool", MaxPool2D(3, stride: 2)),
    ])
  }

  private func moduleC(_ width: Int) -> NamedLayers {
    .branches([
      ("branch1x1", unit(768, 192)),
      InceptionParts.way([
        ("branch7x7_1", unit(768, width)), ("branch7x7_2", unit(width, width, 1, 7, pads: true)),
        ("branch7x7_3", unit(width, 192, 7, 1, pads: true)),
      ]),
      InceptionParts.way([
        ("branch7x7dbl_1", unit(768, width)), ("branch7x7dbl_2", unit(width, width, 7, 1, pads: true)),
        ("branch7x7dbl_3", unit(width, width, 1, 7, pads: true)),
        ("branch7x7dbl_4", unit(width, width, 7, 1, pads: true)),
        ("branch7x7dbl_5", unit(width, 192, 1, 7, pads: true)),
      ]), poolBranch(768, 192),
    ])
  }

  private var moduleD: NamedLayers {
    .branches([
      InceptionParts.way([("branch3x3_1", unit(768, 192)), ("branch3x3_2", unit(192, 320, 3, stride: 2))]),
      InceptionParts.way([
        ("branch7x7x3_1", unit(768, 192)), ("branch7x7x3_2", unit(192, 192, 1, 7, pads: true)),
        ("branch7x7x3_3", unit(192, 192, 7, 1, pads: true)), ("branch7x7x3_4", unit(192, 192, 3, stride: 2)),
      ]), ("branch_pool", MaxPool2D(3, stride: 2)),
    ])
  }

  private func moduleE(_ inputs: Int) -> NamedLayers {
    /// A 1x3 and a 3x1 convolution side by side.
    func pair(_ name: String) -> (name: String, layer: any Layer) {
      (
        "",
        NamedLayers.branches([
          (name + "a", unit(384, 384, 1, 3, pads: true)), (name + "b", unit(384, 384, 3, 1, pads: true)),
        ])
      )
    }
    return .branches([
      ("branch1x1", unit(inputs, 320)), InceptionParts.way([("branch3x3_1", unit(inputs, 384)), pair("branch3x3_2")]),
      InceptionParts.way([
        ("branch3x3dbl_1", unit(inputs, 448)), ("branch3x3dbl_2", unit(448, 384, 3, pads: true)),
        pair("branch3x3dbl_3"),
      ]), poolBranch(inputs, 192),
    ])
  }
}
