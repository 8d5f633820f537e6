import ApusNN
import ApusTensor

/// Nine modules of four branches side by side (1x1, 3x3, 5x5 convolutions and pooling), with two auxiliary heads that only
/// training uses; see ``Form`` for its forms.
///
/// Shapes: `[N, 3, 224, 224]`, or images of at least 15x15 (79x79 in the form of 2014), gives `[N, 1000]` logits. In
/// training the losses of the two heads are added with weight 0.3 each, see `Layer.trainingOutputs(_:)`.
///
/// ```swift
/// let model = GoogLeNet(classes: 20)
/// let (logits, heads) = model.trainingOutputs(images)     // heads: two, of weight 0.3
/// ```
///
/// Reference: Going deeper with convolutions; Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich; 2015.
public struct GoogLeNet: Layer, CustomStringConvertible {
  /// What the network is made of.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// torchvision's network, names and initial values: batch normalisation, 3x3 kernels where the paper has 5x5; 13,004,888
    /// parameters, of which 6,379,984 in the heads.
    case torchvision
    /// The same without auxiliary heads: 6,624,904 parameters.
    case plain
    /// The paper's: biases, local response normalisation, 5x5 kernels; 13,378,280 parameters, 6,998,552 without the heads.
    /// Weights start as Glorot's, biases at 0.2, as in the published Caffe model.
    case original2014
  }

  /// What the network is made of.
  public let form: Form
  /// The layers up to the first head, between the heads, and after the second.
  public var sections: [NamedLayers]
  /// The heads, `aux1` and `aux2`; none in the plain form.
  public var heads: [GoogLeNetHead]
  /// From the means of the 1024 maps to the classes.
  public var fc: Dense
  /// Applied to the means of the maps.
  public var dropout: Dropout
  private let code: String

  /// What the loss of a head counts.
  public static let headWeight = 0.3

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits.
  ///   - dropout: the probability of dropping a feature before the last layer in training; nil for the form's, 0.2 and in the
  ///     form of 2014 0.4. The heads drop 0.7 of their units.
  public init(
    form: Form = .torchvision, channels: Int = 3, classes: Int = 1000, dropout: Double? = nil, dtype: DType = .float32
  ) {
    let maker = Maker(form: form, dtype: dtype)
    self.form = form
    sections = Self.sections(maker, channels)
    heads =
      form == .plain
      ? [] : [512, 528].map { GoogLeNetHead($0, classes, unit: maker.unit, dense: maker.dense, form: form) }
    fc = maker.dense(1024, classes, true)
    let usual = form == .original2014 ? 0.4 : 0.2
    self.dropout = Dropout(dropout ?? usual)
    code =
      (form == .torchvision ? "" : ", form: .\(form.rawValue)") + (channels == 3 ? "" : ", channels: \(channels)")
      + (classes == 1000 ? "" : ", classes: \(classes)") + (dropout.map { ", dropout: \($0)" } ?? "")
  }

  /// Builds the layers of a form.
  private struct Maker {
    let form: Form
    let dtype: DType

    private var weights: Initializer {
      form == .original2014 ? .glorotUniform : .normal(standardDeviation: 0.01)
    }

    func unit(
      _ inputs: Int, _ outputs: Int, _ kernel: Size2D, stride: Size2D = 1, padding: Padding = .valid
    ) -> ConvolutionUnit {
      ConvolutionUnit(
        inputs, outputs, kernel: kernel, stride: stride, padding: padding, normalizes: form != .original2014,
        weightInitializer: weights, biasInitializer: .constant(0.2), dtype: dtype)
    }

    func dense(_ inputs: Int, _ outputs: Int, _ isLast: Bool) -> Dense {
      let biases: Initializer = form != .original2014 ? .torchDefault : isLast ? .zeros : .constant(0.2)
      return Dense(inputs, outputs, weightInitializer: weights, biasInitializer: biases, dtype: dtype)
    }

    /// A module: channels of the 1x1 branch, of the 3x3 and 5x5 branches with those they are reduced to, and of the pooling.
    func module(
      _ inputs: Int, _ one: Int, _ three: (Int, Int), _ five: (Int, Int), _ pool: Int
    ) -> NamedLayers {
      let isOriginal = form == .original2014
      return .branches([
        ("branch1", unit(inputs, one, 1)),
        ("branch2", Sequential([unit(inputs, three.0, 1), unit(three.0, three.1, 3, padding: 1)])),
        (
          "branch3",
          Sequential([
            unit(inputs, five.0, 1), unit(five.0, five.1, isOriginal ? 5 : 3, padding: isOriginal ? 2 : 1),
          ])
        ),
        ("branch4", Sequential([MaxPool2D(3, stride: 1, padding: 1), unit(inputs, pool, 1)])),
      ])
    }
  }

  private static func sections(_ maker: Maker, _ channels: Int) -> [NamedLayers] {
    let isOriginal = maker.form == .original2014
    let pool = MaxPool2D(3, stride: 2, usesCeiling: true)
    let response: [(name: String, layer: any Layer)] = isOriginal ? [("norm", LocalResponseNorm(5))] : []
    let first: [(name: String, layer: any Layer)] = [
      ("conv1", maker.unit(channels, 64, 7, stride: 2, padding: 3)), ("maxpool1", pool),
    ]
    let second: [(name: String, layer: any Layer)] = [
      ("conv2", maker.unit(64, 64, 1)), ("conv3", maker.unit(64, 192, 3, padding: 1)),
    ]
    let third: [(name: String, layer: any Layer)] = [
      ("maxpool2", pool), ("inception3a", maker.module(192, 64, (96, 128), (16, 32), 32)),
      ("inception3b", maker.module(256, 128, (128, 192), (32, 96), 64)), ("maxpool3", pool),
      ("inception4a", maker.module(480, 192, (96, 208), (16, 48), 64)),
    ]
    return [
      .chain(first + response + second + response + third),
      .chain([
        ("inception4b", maker.module(512, 160, (112, 224), (24, 64), 64)),
        ("inception4c", maker.module(512, 128, (128, 256), (24, 64), 64)),
        ("inception4d", maker.module(512, 112, (144, 288), (32, 64), 64)),
      ]),
      .chain([
        ("inception4e", maker.module(528, 256, (160, 320), (32, 128), 128)),
        ("maxpool4", isOriginal ? pool : MaxPool2D(2, usesCeiling: true)),
        ("inception5a", maker.module(832, 256, (160, 320), (32, 128), 128)),
        ("inception5b", maker.module(832, 384, (192, 384), (48, 128), 128)),
      ]),
    ]
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor { head(sections.reduce(x) { $1($0) }) }

  /// The logits, and those of the auxiliary heads.
  public func trainingOutputs(_ x: Tensor) -> (main: Tensor, auxiliary: [AuxiliaryOutput]) {
    var h = sections[0](x)
    var auxiliary: [AuxiliaryOutput] = []
    for (position, section) in sections.dropFirst().enumerated() {
      if position < heads.count { auxiliary.append(AuxiliaryOutput(heads[position](h), weight: Self.headWeight)) }
      h = section(h)
    }
    return (head(h), auxiliary)
  }

  private func head(_ maps: Tensor) -> Tensor { fc(dropout(maps.globallyAveragePooled())) }

  /// The layers, as torchvision calls them: `conv1`, ..., `inception5b`, `aux1`, `aux2`, `fc`.
  public var namedParts: [(name: String, part: Any)]? {
    sections.flatMap { $0.namedParts ?? [] } + heads.enumerated().map { ("aux\($0 + 1)", $1) } + [("fc", fc)]
  }

  /// The code that builds the model.
  public var description: String { "GoogLeNet(\(code.dropFirst(2)))" }
}

/// An auxiliary head of ``GoogLeNet``: maps averaged to 4x4, a 1x1 convolution to 128 channels, two dense layers.
///
/// Parameters: those of `conv`, `fc1` and `fc2`.
public struct GoogLeNetHead: Layer {
  /// From the averaged maps to 128.
  public var conv: ConvolutionUnit
  /// From 128 maps of 4x4 to 1024.
  public var fc1: Dense
  /// From 1024 to the classes.
  public var fc2: Dense
  /// Applied to the 1024 units.
  public var dropout = Dropout(0.7)
  private let form: GoogLeNet.Form

  init(
    _ inputs: Int, _ classes: Int,
    unit: (_ inputs: Int, _ outputs: Int, _ kernel: Size2D, _ stride: Size2D, _ padding: Padding) -> ConvolutionUnit,
    dense: (_ inputs: Int, _ outputs: Int, _ isLast: Bool) -> Dense, form: GoogLeNet.Form
  ) {
    conv = unit(inputs, 128, 1, 1, .valid)
    fc1 = dense(2048, 1024, false)
    fc2 = dense(1024, classes, true)
    self.form = form
  }

  /// The logits of the head.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let means = form == .original2014 ? x.averagePooled(5, stride: 3) : x
    let h = conv(means.adaptivelyAveragePooled(to: 4)).flattened(from: 1)
    return fc2(dropout(relu(fc1(h))))
  }

  /// The layers.
  public var namedParts: [(name: String, part: Any)]? { [("conv", conv), ("fc1", fc1), ("fc2", fc2)] }
}
