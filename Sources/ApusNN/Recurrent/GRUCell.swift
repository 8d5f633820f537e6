import ApusTensor

/// The gated recurrent unit (Cho et al., 2014), in the form of PyTorch's `GRU` and cuDNN:
///
/// ```
/// r  = sigmoid(W_ir x + b_ir + W_hr h' + b_hr)            the reset gate
/// z  = sigmoid(W_iz x + b_iz + W_hz h' + b_hz)            the update gate
/// n  = tanh   (W_in x + b_in + r * (W_hn h' + b_hn))      the candidate
/// h  = (1 - z) * n + z * h'
/// ```
/// The paper has `W_hn (r * h')` in the candidate, which costs a second product in each step.
///
/// Shapes: inputs `[N, inputs]`, state and output `[N, units]`. Parameters: ``RecurrentWeights`` of the gates r, z, n.
///
/// ```swift
/// let (outputs, states) = GRU(10, 20, bidirectional: true).run(over: x, lengths: lengths)
/// ```
public struct GRUCell: RecurrentCell {
  /// The matrices and biases of the gates r, z, n.
  public var weights: RecurrentWeights

  /// A cell from `inputs` to `units` features; initializers as of ``RNNCell``.
  public init(
    _ inputs: Int, _ units: Int, bias: Bool = true, weightInitializer: Initializer? = nil,
    recurrentInitializer: Initializer? = nil, dtype: DType = .float32
  ) {
    weights = RecurrentWeights(
      "GRUCell(\(inputs), \(units))", gates: 3, inputs, units, hasBias: bias, weightInitializer: weightInitializer,
      recurrentInitializer: recurrentInitializer, dtype: dtype)
  }

  /// Features of an input.
  public var inputs: Int { weights.inputs }
  /// Units.
  public var outputs: Int { weights.units }
  /// One state, h.
  public var states: [Int] { [weights.units] }

  /// The inputs' part of all gates and steps, with their own biases.
  public func projected(_ x: Tensor) -> Tensor { weights.projected(x, addsHiddenBias: false) }
  /// One step.
  public func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
    let recurrent = weights.recurrent(states[0])
    let ofState = weights.biasHh.map { recurrent + $0.value } ?? recurrent
    let h = Tensor.recordAll(GRUStep(), [x, ofState, states[0]])[0]
    return (h, [h])
  }

  /// The matrices and biases.
  public var namedParts: [(name: String, part: Any)]? { weights.namedParts }
}
