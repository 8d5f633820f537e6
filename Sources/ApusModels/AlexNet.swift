import ApusNN
import ApusTensor

/// Five convolutions and three dense layers for photographs, the network that began it all; see ``Form`` for its two forms.
///
/// Shapes: `[N, 3, 224, 224]`, or images of at least 63x63, gives `[N, 1000]` logits; the form of 2012 is made for 227x227
/// and takes images of at least 67x67. Maps of another size than 6x6 are averaged to it, as in torchvision.
///
/// ```swift
/// let model = AlexNet()
/// let original = AlexNet(form: .original2012)
/// let small = AlexNet(classes: 5, hidden: [256])
/// ```
///
/// Reference: ImageNet classification with deep convolutional neural networks; Krizhevsky, Sutskever, Hinton; 2012.
public struct AlexNet: Layer, CustomStringConvertible {
  /// What the network is made of.
  public enum Form: String, Sendable, CaseIterable, Codable {
    /// torchvision's network and names, `features.0.weight` to `classifier.6.bias`: without normalisation and groups; 61,100,840
    /// parameters. Krizhevsky: One weird trick for parallelizing convolutional neural networks; 2014.
    case torchvision
    /// The paper's: local response normalisation, two groups of channels in three convolutions, weights normal with deviation
    /// 0.01, biases 1 where that keeps ReLUs alive; 60,965,224 parameters.
    case original2012
  }

  /// What the network is made of.
  public let form: Form
  /// Convolutions, ReLUs, normalisations and poolings, by their positions.
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
  ///   - dropout: the probability of dropping a unit before or after the hidden dense layers in training.
  public init(
    form: Form = .torchvision, channels: Int = 3, classes: Int = 1000, hidden: [Int] = [4096, 4096],
    dropout: Double = 0.5, dtype: DType = .float32
  ) {
    self.form = form
    switch form {
    case .torchvision:
      features = Self.modernFeatures(channels, dtype)
      classifier = Self.modernClassifier(hidden, classes, dropout, dtype)
    case .original2012:
      features = Self.originalFeatures(channels, dtype)
      classifier = Self.originalClassifier(hidden, classes, dropout, dtype)
    }
    code =
      (form == .torchvision ? "" : ", form: .\(form.rawValue)") + (channels == 3 ? "" : ", channels: \(channels)")
      + (classes == 1000 ? "" : ", classes: \(classes)") + (hidden == [4096, 4096] ? "" : ", hidden: \(hidden)")
      + (dropout == 0.5 ? "" : ", dropout: \(dropout)")
  }

  /// The dense layers see 256 maps of this size.
  private static let mapSize = 6

  private static func modernFeatures(_ channels: Int, _ dtype: DType) -> Sequential {
    Sequential {
      Conv2D(channels, 64, kernel: 11, stride: 4, padding: 2, dtype: dtype)
      ActivationLayer(.relu)
      MaxPool2D(3, stride: 2)
      Conv2D(64, 192, kernel: 5, padding: 2, dtype: dtype)
      ActivationLayer(.relu)
      MaxPool2D(3, stride: 2)
      Conv2D(192, 384, kernel: 3, padding: 1, dtype: dtype)
      ActivationLayer(.relu)
      Conv2D(384, 256, kernel: 3, padding: 1, dtype: dtype)
      ActivationLayer(.relu)
      Conv2D(256, 256, kernel: 3, padding: 1, dtype: dtype)
      ActivationLayer(.relu)
      MaxPool2D(3, stride: 2)
    }
  }

  private static func originalFeatures(_ channels: Int, _ dtype: DType) -> Sequential {
    func conv(
      _ inputs: Int, _ outputs: Int, _ kernel: Size2D, stride: Size2D = 1, padding: Padding, groups: Int = 1,
      bias: Double
    ) -> Conv2D {
      Conv2D(
        inputs, outputs, kernel: kernel, stride: stride, padding: padding, groups: groups,
        weightInitializer: .normal(standardDeviation: 0.01), biasInitializer: .constant(bias), dtype: dtype)
    }
    let response = LocalResponseNorm(5, alpha: 1e-4, beta: 0.75, k: 2, dividesBySize: false)
    return Sequential {
      conv(channels, 96, 11, stride: 4, padding: .valid, bias: 0)
      ActivationLayer(.relu)
      response
      MaxPool2D(3, stride: 2)
      conv(96, 256, 5, padding: 2, groups: 2, bias: 1)
      ActivationLayer(.relu)
      response
      MaxPool2D(3, stride: 2)
      conv(256, 384, 3, padding: 1, bias: 0)
      ActivationLayer(.relu)
      conv(384, 384, 3, padding: 1, groups: 2, bias: 1)
      ActivationLayer(.relu)
      conv(384, 256, 3, padding: 1, groups: 2, bias: 1)
      ActivationLayer(.relu)
      MaxPool2D(3, stride: 2)
    }
  }

  /// Dropout before each hidden layer.
  private static func modernClassifier(
    _ hidden: [Int], _ classes: Int, _ dropout: Double, _ dtype: DType
  ) -> Sequential {
    let widths = [256 * mapSize * mapSize] + hidden
    return Sequential {
      for (inputs, outputs) in zip(widths, hidden) {
        Dropout(dropout)
        Dense(inputs, outputs, dtype: dtype)
        ActivationLayer(.relu)
      }
      Dense(widths[hidden.count], classes, dtype: dtype)
    }
  }

  /// Dropout after each hidden layer.
  private static func originalClassifier(
    _ hidden: [Int], _ classes: Int, _ dropout: Double, _ dtype: DType
  ) -> Sequential {
    let widths = [256 * mapSize * mapSize] + hidden
    let weights = Initializer.normal(standardDeviation: 0.01)
    return Sequential {
      for (inputs, outputs) in zip(widths, hidden) {
        Dense(inputs, outputs, weightInitializer: weights, biasInitializer: .ones, dtype: dtype)
        ActivationLayer(.relu)
        Dropout(dropout)
      }
      Dense(
        widths[hidden.count], classes, weightInitializer: weights, biasInitializer: .zeros, dtype: dtype)
    }
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    classifier(features(x).adaptivelyAveragePooled(to: Size2D(Self.mapSize, Self.mapSize)).flattened(from: 1))
  }

  /// The layers, as torchvision calls them: `features` and `classifier`.
  public var namedParts: [(name: String, part: Any)]? { [("features", features), ("classifier", classifier)] }

  /// The code that builds the model.
  public var description: String { "AlexNet(\(code.dropFirst(2)))" }
}
