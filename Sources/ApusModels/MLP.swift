import ApusNN
import ApusTensor

/// A multilayer perceptron: dense hidden layers with an activation, and a dense output layer that gives logits.
///
/// Shapes: `[N, ...]` with `inputs` elements a sample gives `[N, classes]`; images are flattened. The layers are called
/// `dense1`, `dense2`, ... to the output's; with a normalisation or learnt slopes, `norm1` and `prelu1` follow `dense1`. By
/// default 784-512-512-10 with ReLU, for images of 28x28: 669,706 parameters.
///
/// ```swift
/// let model = MLP(inputs: 784, hidden: [300, 100], classes: 10, dropout: 0.5, inputDropout: 0.2)
/// let logits = model(images)     // [128, 1, 28, 28] -> [128, 10]
/// let deep = MLP(hidden: [256, 256, 256], activation: .elu, normalization: .batch, weightInitializer: .heNormal)
/// ```
///
/// Reference: Learning representations by back-propagating errors; Rumelhart, Hinton, Williams; 1986.
public struct MLP: Layer, CustomStringConvertible {
  /// The dense layers, the output's last.
  public var layers: [Dense]
  /// Applied after each hidden layer.
  public var dropout: Dropout
  /// Applied to the inputs.
  public var inputDropout: Dropout
  /// Added to the inputs before any is dropped.
  public var inputNoise: GaussianNoise
  private let stages: [HiddenStage]
  private let inputs: Int
  private let settings: String

  /// A perceptron from `inputs` features over hidden layers of the given widths to `classes` logits.
  ///
  /// - Parameters:
  ///   - dropout: the probability of dropping a hidden unit in training; 0.5 is usual.
  ///   - inputDropout: the probability of dropping an input in training; 0.2 is usual.
  ///   - inputNoise: the standard deviation of the normal noise that training adds to the inputs.
  ///   - activation: of the hidden layers.
  ///   - learntSlope: where the slopes of ``PReLU`` start, which then takes the activation's place.
  ///   - hasSlopePerChannel: whether each unit has a slope of its own, not each layer one.
  ///   - normalization: of the hidden layers.
  ///   - weightInitializer: of every layer; PyTorch's default.
  ///   - biasInitializer: of the hidden layers; PyTorch's default. A small positive constant keeps ReLUs alive at the
  ///     start.
  public init(
    inputs: Int = 784, hidden: [Int] = [512, 512], classes: Int = 10, dropout: Double = 0, inputDropout: Double = 0,
    inputNoise: Double = 0, activation: Activation = .relu, learntSlope: Double? = nil,
    hasSlopePerChannel: Bool = false, normalization: HiddenNormalization = .none,
    weightInitializer: Initializer = .torchDefault, biasInitializer: Initializer = .torchDefault,
    dtype: DType = .float32
  ) {
    let widths = [inputs] + hidden + [classes]
    // A dense layer that nothing else follows applies the activation itself.
    let isPlain = normalization == .none && learntSlope == nil
    layers = (1..<widths.count).map { position in
      let isLast = position == widths.count - 1
      return Dense(
        widths[position - 1], widths[position], activation: isLast || !isPlain ? .identity : activation,
        weightInitializer: weightInitializer, biasInitializer: isLast ? .torchDefault : biasInitializer, dtype: dtype)
    }
    stages =
      isPlain
      ? []
      : hidden.map {
        HiddenStage(
          features: $0, normalization: normalization, activation: activation, learntSlope: learntSlope,
          hasSlopePerChannel: hasSlopePerChannel, dtype: dtype)
      }
    self.dropout = Dropout(dropout)
    self.inputDropout = Dropout(inputDropout)
    self.inputNoise = GaussianNoise(inputNoise)
    self.inputs = inputs
    settings =
      (dropout == 0 ? "" : ", dropout: \(dropout)") + (inputDropout == 0 ? "" : ", inputDropout: \(inputDropout)")
      + (inputNoise == 0 ? "" : ", inputNoise: \(inputNoise)")
      + (learntSlope.map { ", learntSlope: \($0)" + (hasSlopePerChannel ? ", hasSlopePerChannel: true" : "") }
        ?? (activation.name == "relu" ? "" : ", activation: .\(activation)"))
      + (normalization == .none ? "" : ", normalization: \(normalization)")
  }

  /// The logits of a batch.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2, x.shape.dropFirst().reduce(1, *) == inputs else {
      let problem =
        "\(self): the input is \(x.shape), each sample must have \(inputs) elements, for example [N, \(inputs)]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, layers.last?.weight.shape[0] ?? 1], x.dtype))
    }
    var h = inputDropout(inputNoise(x.flattened(from: 1)))
    for (position, layer) in layers.enumerated() {
      h = layer(h)
      if position < layers.count - 1 {
        if position < stages.count { h = stages[position](h) }
        h = dropout(h)
      }
    }
    return h
  }

  /// The layers, as `dense1`, `norm1`, `dense2`, ...
  public var namedParts: [(name: String, part: Any)]? {
    layers.enumerated().flatMap { position, layer in
      let following = position < stages.count ? stages[position].parts(position + 1) : []
      return [("dense\(position + 1)", layer as Any)] + following
    }
  }

  /// The code that builds the model.
  public var description: String {
    let hidden = layers.dropLast().map { "\($0.weight.shape[0])" }.joined(separator: ", ")
    return "MLP(inputs: \(inputs), hidden: [\(hidden)], classes: \(layers.last?.weight.shape[0] ?? 0)\(settings))"
  }
}
