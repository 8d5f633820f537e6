import ApusNN
import ApusTensor

/// A multilayer perceptron: dense hidden layers with an activation, and a dense output layer that gives logits.
///
/// Shapes: `[N, ...]` with `inputs` elements a sample gives `[N, classes]`; images are flattened. The layers are called
/// `dense1`, `dense2`, ... to the output's. By default 784-512-512-10 with ReLU, for images of 28x28:
/// 669,706 parameters.
///
/// ```swift
/// let model = MLP(inputs: 784, hidden: [300, 100], classes: 10, dropout: 0.5)
/// let logits = model(images)     // [128, 1, 28, 28] -> [128, 10]
/// ```
///
/// Reference: Learning representations by back-propagating errors; Rumelhart, Hinton, Williams; 1986.
public struct MLP: Layer, CustomStringConvertible {
  /// The dense layers, the output's last.
  public var layers: [Dense]
  /// Applied after each hidden layer.
  public var dropout: Dropout
  private let inputs: Int

  /// A perceptron from `inputs` features over hidden layers of the given widths to `classes` logits.
  ///
  /// - Parameters:
  ///   - dropout: the probability of dropping a hidden unit in training.
  ///   - activation: of the hidden layers.
  ///   - weightInitializer: of every layer; PyTorch's default. Biases start as PyTorch's too.
  public init(
    inputs: Int = 784, hidden: [Int] = [512, 512], classes: Int = 10, dropout: Double = 0,
    activation: Activation = .relu, weightInitializer: Initializer = .torchDefault, dtype: DType = .float32
  ) {
    let widths = [inputs] + hidden + [classes]
    layers = (1..<widths.count).map { position in
      Dense(
        widths[position - 1], widths[position],
        activation: position == widths.count - 1 ? .identity : activation, weightInitializer: weightInitializer,
        dtype: dtype)
    }
    self.dropout = Dropout(dropout)
    self.inputs = inputs
  }

  /// The logits of a batch.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2, x.shape.dropFirst().reduce(1, *) == inputs else {
      let problem =
        "\(self): the input is \(x.shape), each sample must have \(inputs) elements, for example [N, \(inputs)]"
      return Diagnostics.fail(ShapeError(problem), like: TensorType([1, layers.last?.weight.shape[0] ?? 1], x.dtype))
    }
    var h = x.flattened(from: 1)
    for (position, layer) in layers.enumerated() {
      h = layer(h)
      if position < layers.count - 1 { h = dropout(h) }
    }
    return h
  }

  /// The dense layers, as `dense1`, `dense2`, ...
  public var namedParts: [(name: String, part: Any)]? {
    layers.enumerated().map { ("dense\($0 + 1)", $1 as Any) }
  }

  /// The code that builds the model.
  public var description: String {
    let hidden = layers.dropLast().map { "\($0.weight.shape[0])" }.joined(separator: ", ")
    let rate = dropout.probability == 0 ? "" : ", dropout: \(dropout.probability)"
    return "MLP(inputs: \(inputs), hidden: [\(hidden)], classes: \(layers.last?.weight.shape[0] ?? 0)\(rate))"
  }
}
