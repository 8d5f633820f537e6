import ApusTensor

/// The weights of a cell whose gates all have the form `W_ih x + b_ih + W_hh h + b_hh`, gate below gate, named and shaped as
/// PyTorch's.
public struct RecurrentWeights: Module {
  /// `[gates * units, inputs]`: what gates make of the input.
  public var weightIh: Parameter
  /// `[gates * units, units]`: what gates make of the state.
  public var weightHh: Parameter
  /// `[gates * units]`, added to the input's part.
  public var biasIh: Parameter?
  /// `[gates * units]`, added to the state's part.
  public var biasHh: Parameter?
  /// Units of a gate.
  public let units: Int
  /// The number of gates.
  public let gates: Int

  /// First values: those of PyTorch, uniform in `+-1/sqrt(units)`, or of initializers, applied gate by gate.
  init(
    _ cell: String, gates: Int, _ inputs: Int, _ units: Int, hasBias: Bool, weightInitializer: Initializer?,
    recurrentInitializer: Initializer?, dtype: DType
  ) {
    let isPossible = LayerCheck.positive(cell, inputs, units)
    let (inputs, units) = isPossible ? (inputs, units) : (1, 1)
    (self.units, self.gates) = (units, gates)
    let fans = Fans(fanIn: units, fanOut: units)
    func matrix(_ columns: Int, _ initializer: Initializer?) -> Parameter {
      guard let initializer else {
        return Parameter(Initializer.torchDefault([gates * units, columns], fans: fans, dtype: dtype))
      }
      let parts = (0..<gates).map { _ in initializer([units, columns], dtype: dtype) }
      return Parameter(concatenate(parts, axis: 0))
    }
    func bias() -> Parameter? {
      guard hasBias else { return nil }
      return Parameter(Initializer.torchDefault([gates * units], fans: fans, dtype: dtype), role: .bias)
    }
    weightIh = matrix(inputs, weightInitializer)
    weightHh = matrix(units, recurrentInitializer)
    (biasIh, biasHh) = (bias(), bias())
  }

  /// Features of an input.
  public var inputs: Int { weightIh.shape[1] }

  /// `W_ih x + b_ih` of all steps at once, and `b_hh` where it may be added there too: `[T, N, gates * units]`.
  func projected(_ x: Tensor, addsHiddenBias: Bool) -> Tensor {
    let ofInput = biasIh.map(\.value)
    let bias = addsHiddenBias ? biasHh.map { hidden in ofInput.map { $0 + hidden.value } ?? hidden.value } : ofInput
    return x.projected(by: weightIh.value, bias)
  }

  /// `W_hh h` of one step, `[N, gates * units]`.
  func recurrent(_ h: Tensor) -> Tensor { Tensor.record(MatMul(transposesRight: true), [h, weightHh.value]) }

  /// The parameters, listed directly: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? {
    let parts: [(name: String, part: Any)?] = [
      ("weight_ih", weightIh), ("weight_hh", weightHh), biasIh.map { ("bias_ih", $0) }, biasHh.map { ("bias_hh", $0) },
    ]
    return parts.compactMap { $0 }
  }
}

extension Tensor {
  /// `W x + b` of every row of `[T, N, inputs]`, as one product.
  func projected(by weight: Tensor, _ bias: Tensor?) -> Tensor {
    let rows = reshaped(to: [shape[0] * shape[1], shape[2]] as Shape)
    let product = Tensor.record(MatMul(transposesRight: true), [rows, weight])
    return (bias.map { product + $0 } ?? product).reshaped(to: [shape[0], shape[1], weight.shape[0]] as Shape)
  }
}
