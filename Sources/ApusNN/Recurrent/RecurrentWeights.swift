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
  ///
  /// Where the rows were looked up in a small table, as the vectors of letters are, the table's rows are multiplied and the
  /// results looked up. With a table of fewer rows that is less work, and less again in the gradient, which is summed by
  /// rows of the table first; in inference the products of any small table last from call to call.
  func projected(by weight: Tensor, _ bias: Tensor?) -> Tensor {
    func product(_ rows: Tensor) -> Tensor {
      let product = Tensor.record(MatMul(transposesRight: true), [rows, weight])
      return bias.map { product + $0 } ?? product
    }
    if let (table, numbers) = lookedUp,
      table.shape[0] <= Swift.max(numbers.shape.elementCount / 2, Mode.isTraining ? 0 : Tensor.lastingRows)
    {
      return product(table).gathered(at: numbers)
    }
    let rows = reshaped(to: [shape[0] * shape[1], shape[2]] as Shape)
    return product(rows).reshaped(to: [shape[0], shape[1], weight.shape[0]] as Shape)
  }

  /// Most rows of a table whose products are kept, which are wider than they are.
  private static let lastingRows = 512

  /// The table and the numbers `[T, N]` of its rows, where rows of a table are what this tensor is.
  private var lookedUp: (table: Tensor, numbers: Tensor)? {
    // A node that has its values has given its inputs up.
    guard rank == 3, let first = node.inputs.first else { return nil }
    switch node.operation {
    case is Gather: return rowsOfTable
    case let transpose as Transpose where transpose.permutation == [1, 0, 2]:
      return first.rowsOfTable.map { ($0.table, $0.numbers.transposed()) }
    case is Reshape where first.rank == 2 && shape[1] == first.shape[0]:
      return first.rowsOfTable.map { ($0.table, $0.numbers.expandingShape(at: 0)) }
    default: return nil
    }
  }

  private var rowsOfTable: (table: Tensor, numbers: Tensor)? {
    guard let gather = node.operation as? Gather, gather.axis == 0, let table = node.inputs.first, table.rank == 2,
      node.inputs[1].rank == rank - 1
    else { return nil }
    return (table, node.inputs[1])
  }
}
