import ApusNN
import ApusTensor

/// Three convolutions with max pooling and two dense layers for handwritten digits, as the PyPI package
/// digit-recognizer-py publishes it with weights.
///
/// Shapes: `[N, 1, 28, 28]` gives `[N, 10]` logits; 390,410 parameters. The names are those of the published weights,
/// `conv_layers.3.weight`. They expect pixels `(x / 255 - 0.1307) / 0.3081`, light digits on a dark ground.
///
/// ```swift
/// let model = DigitCNN()
/// try model.load(from: "handwriting_model.pth")
/// ```
public struct DigitCNN: Layer, CustomStringConvertible {
  private let convolutions: [Conv2D]
  private let hidden: Dense
  private let output: Dense

  /// A network for images of 28x28.
  public init(channels: Int = 1, classes: Int = 10) {
    convolutions = zip([channels, 32, 64], [32, 64, 128]).map {
      Conv2D($0, $1, kernel: 3, padding: 1, activation: .relu)
    }
    hidden = Dense(1152, 256, activation: .relu)
    output = Dense(256, classes)
  }

  /// The logits of a batch of images.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    output(hidden(convolutions.reduce(x) { $1($0).maxPooled(2) }.flattened(from: 1)))
  }

  /// The layers, under the names of the published weights.
  public var namedParts: [(name: String, part: Any)]? {
    convolutions.enumerated().map { ("conv_layers.\($0 * 3)", $1 as Any) }
      + [("fc_layers.0", hidden), ("fc_layers.2", output)]
  }

  /// The code that builds the model.
  public var description: String {
    let (channels, classes) = (convolutions[0].weight.shape[1], output.weight.shape[0])
    let settings = [channels == 1 ? nil : "channels: \(channels)", classes == 10 ? nil : "classes: \(classes)"]
    return "DigitCNN(\(settings.compactMap { $0 }.joined(separator: ", ")))"
  }
}
