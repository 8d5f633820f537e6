import ApusTensor

/// The plain recurrent cell: `h = phi(W_ih x + b_ih + W_hh h' + b_hh)`, its output being the state h.
///
/// It is the hidden layer of Elman's network (1990); see ``SimpleCell`` for that network with its output layer. Names and
/// shapes of the parameters as PyTorch's `RNNCell`. With tanh and ReLU equal to it.
///
/// Shapes: inputs `[N, inputs]`, state and output `[N, units]`. Parameters: ``RecurrentWeights`` of one gate.
///
/// ```swift
/// let network = RNN(10, 20, layers: 2, activation: .relu)
/// let states = network(x)     // [N, T, 10] -> [N, T, 20]
/// ```
public struct RNNCell: RecurrentCell {
  /// The matrices and biases.
  public var weights: RecurrentWeights
  /// phi.
  public let activation: Activation

  /// A cell from `inputs` to `units` features.
  ///
  /// - Parameters:
  ///   - weightInitializer, recurrentInitializer: nil for PyTorch's, uniform in `+-1/sqrt(units)`; an orthogonal recurrent
  ///     matrix (`.orthogonal`) keeps signals alive longer.
  public init(
    _ inputs: Int, _ units: Int, activation: Activation = .tanh, bias: Bool = true,
    weightInitializer: Initializer? = nil, recurrentInitializer: Initializer? = nil, dtype: DType = .float32
  ) {
    weights = RecurrentWeights(
      "RNNCell(\(inputs), \(units))", gates: 1, inputs, units, hasBias: bias, weightInitializer: weightInitializer,
      recurrentInitializer: recurrentInitializer, dtype: dtype)
    self.activation = activation
  }

  /// Features of an input.
  public var inputs: Int { weights.inputs }
  /// Units.
  public var outputs: Int { weights.units }
  /// One state, h.
  public var states: [Int] { [weights.units] }

  /// `W_ih x + b_ih + b_hh` of all steps.
  public func projected(_ x: Tensor) -> Tensor { weights.projected(x, addsHiddenBias: true) }
  /// One step.
  public func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
    let h = activation(x + weights.recurrent(states[0]))
    return (h, [h])
  }

  /// The matrices and biases.
  public var namedParts: [(name: String, part: Any)]? { weights.namedParts }
}
