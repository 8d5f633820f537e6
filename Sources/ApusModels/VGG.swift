import ApusNN
import ApusTensor

/// A network of 3x3 convolutions alone: five stages with 2x2 max pooling between them, then three dense layers.
///
/// Shapes: `[N, 3, 224, 224]`, or images of at least 32x32, gives `[N, 1000]` logits. Parameters with 1000 classes:
/// 132,863,336 (11 layers), 133,047,848 (13), 138,357,544 (16), 143,667,240 (19); with batch normalisation 132,868,840,
/// 133,053,736, 138,365,992 and 143,678,248. torchvision's names, `features.0.weight` and `classifier.6.bias`, and initial
/// values: convolutions by He's normal distribution with the fan out, dense layers normal with deviation 0.01, biases 0.
///
/// ```swift
/// let model = VGG(.vgg16)
/// let small = VGG(.vgg11, channels: 1, classes: 10, hidden: [512], normalization: .batch)
/// ```
/// Maps of another size than 7x7 are averaged to it, as in torchvision.
///
/// Reference: Very deep convolutional networks for large-scale image recognition; Simonyan, Zisserman; 2014.
public struct VGG: Layer, CustomStringConvertible {
  /// The networks of the paper: its columns A, B, D and E.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// 11 layers.
    case vgg11
    /// 13 layers.
    case vgg13
    /// 16 layers.
    case vgg16
    /// 19 layers.
    case vgg19

    /// Convolutions of each stage.
    var convolutions: [Int] {
      switch self {
      case .vgg11: [1, 1, 2, 2, 2]
      case .vgg13: [2, 2, 2, 2, 2]
      case .vgg16: [2, 2, 3, 3, 3]
      case .vgg19: [2, 2, 4, 4, 4]
      }
    }
  }

  /// Which network it is.
  public let form: Form
  /// Convolutions, normalisations, ReLUs and poolings, by their positions.
  public var features: Sequential
  /// Dense layers, ReLUs and dropouts, by their positions.
  public var classifier: Sequential
  private let code: String

  /// A network.
  ///
  /// - Parameters:
  ///   - channels: 3 for colours, 1 for gray images.
  ///   - classes: the number of logits.
  ///   - hidden: widths of the hidden dense layers.
  ///   - dropout: the probability of dropping a unit of the hidden dense layers in training.
  ///   - normalization: of the convolutions.
  public init(
    _ form: Form, channels: Int = 3, classes: Int = 1000, hidden: [Int] = [4096, 4096], dropout: Double = 0.5,
    normalization: HiddenNormalization = .none, dtype: DType = .float32
  ) {
    self.form = form
    var (inputs, body) = (channels, [any Layer]())
    for (stage, count) in form.convolutions.enumerated() {
      let width = Self.widths[stage]
      for _ in 0..<count {
        body.append(
          Conv2D(
            inputs, width, kernel: 3, padding: 1, weightInitializer: .heNormal(mode: .fanOut),
            biasInitializer: .zeros, dtype: dtype))
        let norm = normalization.layer(features: width, isImage: true, dtype: dtype)
        let activation: [any Layer] = [ActivationLayer(.relu)]
        body += normalization.isAfterActivation ? activation + Self.list(norm) : Self.list(norm) + activation
        inputs = width
      }
      body.append(MaxPool2D(2))
    }
    features = Sequential(body)
    var (units, head) = (inputs * Self.mapSize * Self.mapSize, [any Layer]())
    func dense(_ outputs: Int) -> Dense {
      Dense(
        units, outputs, weightInitializer: .normal(standardDeviation: 0.01), biasInitializer: .zeros, dtype: dtype)
    }
    for width in hidden {
      head += [dense(width), ActivationLayer(.relu), Dropout(dropout)] as [any Layer]
      units = width
    }
    classifier = Sequential(head + [dense(classes)])
    code =
      (channels == 3 ? "" : ", channels: \(channels)") + (classes == 1000 ? "" : ", classes: \(classes)")
      + (hidden == [4096, 4096] ? "" : ", hidden: \(hidden)") + (dropout == 0.5 ? "" : ", dropout: \(dropout)")
      + (normalization == .none ? "" : ", normalization: \(normalization)")
  }

  /// Channels of the stages.
  static let widths = [64, 128, 256, 512, 512]
  /// The dense layers see maps of this size.
  private static let mapSize = 7

  private static func list(_ layer: (any Layer)?) -> [any Layer] { layer.map { [$0] } ?? [] }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    classifier(features(x).adaptivelyAveragePooled(to: Size2D(Self.mapSize, Self.mapSize)).flattened(from: 1))
  }

  /// The layers, as torchvision calls them: `features` and `classifier`.
  public var namedParts: [(name: String, part: Any)]? { [("features", features), ("classifier", classifier)] }

  /// The code that builds the model.
  public var description: String { "VGG(.\(form.rawValue)\(code))" }
}
