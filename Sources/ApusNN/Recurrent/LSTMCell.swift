import ApusTensor

/// Long short-term memory (Hochreiter and Schmidhuber, 1997; with the forget gate of Gers et al., 2000), exactly as in the
/// lecture notes:
///
/// ```
/// i  = sigmoid(W_ii x + b_ii + W_hi h' + b_hi)      the notes' update gate u: I^u, W^u, b^u
/// f  = sigmoid(W_if x + b_if + W_hf h' + b_hf)      the forget gate f:        I^f, W^f, b^f
/// g  = tanh   (W_ig x + b_ig + W_hg h' + b_hg)      the cell candidate C~:    I^c, W^c, b^c
/// o  = sigmoid(W_io x + b_io + W_ho h' + b_ho)      the output gate o:        I^o, W^o, b^o
/// c  = f * c' + i * g                               the state C
/// h  = o * tanh(c)                                  the output
/// ```
/// The notes' `y = softmax(W h + b)` is a `Dense` layer after it. Where the notes have one bias for each gate, there are two
/// that are added, as in PyTorch's `LSTM`, whose names, gate order (i, f, g, o) and shapes the parameters have.
///
/// Shapes: inputs `[N, inputs]`, states h and c and output `[N, units]`. Parameters: ``RecurrentWeights`` of four gates.
///
/// ```swift
/// let (outputs, states) = LSTM(10, 20, layers: 2).run(over: x, lengths: lengths)
/// ```
public struct LSTMCell: RecurrentCell {
  /// The matrices and biases of the gates i, f, g, o.
  public var weights: RecurrentWeights

  /// A cell from `inputs` to `units` features; initializers as of ``RNNCell``.
  public init(
    _ inputs: Int, _ units: Int, bias: Bool = true, weightInitializer: Initializer? = nil,
    recurrentInitializer: Initializer? = nil, dtype: DType = .float32
  ) {
    weights = RecurrentWeights(
      "LSTMCell(\(inputs), \(units))", gates: 4, inputs, units, hasBias: bias, weightInitializer: weightInitializer,
      recurrentInitializer: recurrentInitializer, dtype: dtype)
  }

  /// Features of an input.
  public var inputs: Int { weights.inputs }
  /// Units.
  public var outputs: Int { weights.units }
  /// The states h and c.
  public var states: [Int] { [weights.units, weights.units] }

  /// The inputs' part of all gates and steps, with both biases.
  public func projected(_ x: Tensor) -> Tensor { weights.projected(x, addsHiddenBias: true) }
  /// One step.
  public func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
    let results = Tensor.recordAll(LSTMStep(), [x, weights.recurrent(states[0]), states[1]])
    return (results[0], [results[0], results[1]])
  }

  /// The matrices and biases.
  public var namedParts: [(name: String, part: Any)]? { weights.namedParts }
}
