import ApusTensor

/// The simple recurrent networks of the lecture notes, each with its output layer:
///
/// ```
/// h = f1(U x + W context + b),   y = f2(V h + d)
/// ```
/// The context is h of the step before in Elman's network (1990) and y of the step before in Jordan's (1990). Without
/// biases Elman's is the notes' general layer `h = f1(U x + W h'), y = f2(V h)`. In the notes' symbols for the two
/// networks, U is w, W is w with a tilde, V is W, f1 is sigma, and f2 the identity.
///
/// Shapes: inputs `[N, inputs]`, outputs `[N, outputs]`, state `[N, units]` or `[N, outputs]`. Parameters: `weight_ih` U
/// `[units, inputs]`, `weight_hh` W `[units, context]`, `weight_ho` V `[outputs, units]`, `bias_h`, `bias_o`.
///
/// ```swift
/// let elman = SimpleRecurrence.elman(3, 8, 2, activation: .sigmoid)
/// let jordan = SimpleRecurrence.jordan(3, 8, 2, outputActivation: .tanh)
/// let y = jordan(x)     // [N, T, 3] -> [N, T, 2]
/// ```
public struct SimpleCell: RecurrentCell {
  /// What is fed back.
  public enum Context: String, Sendable, Hashable, CaseIterable {
    /// The hidden layer: Elman's network.
    case hidden
    /// The output: Jordan's network.
    case output
  }

  /// What is fed back.
  public let context: Context
  /// U.
  public var weightIh: Parameter
  /// W.
  public var weightHh: Parameter
  /// V.
  public var weightHo: Parameter
  /// b.
  public var biasH: Parameter?
  /// d.
  public var biasO: Parameter?
  /// f1.
  public let activation: Activation
  /// f2.
  public let outputActivation: Activation

  /// A network from `inputs` over `units` hidden units to `outputs` features; initial values uniform in `+-1/sqrt(fan in)`.
  public init(
    _ context: Context, _ inputs: Int, _ units: Int, _ outputs: Int, activation: Activation = .tanh,
    outputActivation: Activation = .identity, bias: Bool = true, weightInitializer: Initializer = .torchDefault,
    recurrentInitializer: Initializer = .torchDefault, dtype: DType = .float32
  ) {
    let isPossible = LayerCheck.positive(
      "SimpleCell(.\(context), \(inputs), \(units), \(outputs))", inputs, units, outputs)
    let (inputs, units, outputs) = isPossible ? (inputs, units, outputs) : (1, 1, 1)
    self.context = context
    weightIh = Parameter(weightInitializer([units, inputs], dtype: dtype))
    weightHh = Parameter(recurrentInitializer([units, context == .hidden ? units : outputs], dtype: dtype))
    weightHo = Parameter(weightInitializer([outputs, units], dtype: dtype))
    func vector(_ count: Int, _ fanIn: Int) -> Parameter {
      let fans = Fans(fanIn: fanIn, fanOut: count)
      return Parameter(Initializer.torchDefault([count], fans: fans, dtype: dtype), role: .bias)
    }
    (biasH, biasO) = bias ? (vector(units, inputs), vector(outputs, units)) : (nil, nil)
    (self.activation, self.outputActivation) = (activation, outputActivation)
  }

  /// Features of an input.
  public var inputs: Int { weightIh.shape[1] }
  /// Features of an output.
  public var outputs: Int { weightHo.shape[0] }
  /// One state, the context.
  public var states: [Int] { [weightHh.shape[1]] }

  /// `U x + b` of all steps.
  public func projected(_ x: Tensor) -> Tensor { x.projected(by: weightIh.value, biasH?.value) }

  /// One step; Elman's outputs do not feed back and are computed after the loop.
  public func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
    let h = activation(x + Tensor.record(MatMul(transposesRight: true), [states[0], weightHh.value]))
    guard context == .output else { return (h, [h]) }
    let y = output(h)
    return (y, [y])
  }

  /// The outputs of the hidden layers of Elman's network.
  public func finished(_ outputs: Tensor) -> Tensor {
    guard context == .hidden else { return outputs }
    let (steps, batch) = (outputs.shape[0], outputs.shape[1])
    let y = output(outputs.reshaped(to: [steps * batch, outputs.shape[2]] as Shape))
    return y.reshaped(to: [steps, batch, y.shape[1]] as Shape)
  }

  private func output(_ h: Tensor) -> Tensor {
    let y = Tensor.record(MatMul(transposesRight: true), [h, weightHo.value])
    return outputActivation(biasO.map { y + $0.value } ?? y)
  }

  /// The matrices and biases.
  public var namedParts: [(name: String, part: Any)]? {
    let parts: [(name: String, part: Any)?] = [
      ("weight_ih", weightIh), ("weight_hh", weightHh), ("weight_ho", weightHo), biasH.map { ("bias_h", $0) },
      biasO.map { ("bias_o", $0) },
    ]
    return parts.compactMap { $0 }
  }
}

/// Elman's and Jordan's networks over sequences.
public typealias SimpleRecurrence = Recurrence<SimpleCell>

extension Recurrence where Cell == SimpleCell {
  /// Elman's network (1990): the hidden layer is fed back; see ``SimpleCell``.
  ///
  /// Reference: Finding structure in time; Elman; 1990.
  public static func elman(
    _ inputs: Int, _ units: Int, _ outputs: Int, activation: Activation = .tanh,
    outputActivation: Activation = .identity, bias: Bool = true, timeAxis: Int = 1, dtype: DType = .float32
  ) -> SimpleRecurrence {
    simple(.hidden, [inputs, units, outputs], activation, outputActivation, bias, timeAxis, dtype)
  }

  /// Jordan's network (1990): the output is fed back; see ``SimpleCell``.
  ///
  /// Reference: Attractor dynamics and parallelism in a connectionist sequential machine; Jordan; 1990.
  public static func jordan(
    _ inputs: Int, _ units: Int, _ outputs: Int, activation: Activation = .tanh,
    outputActivation: Activation = .identity, bias: Bool = true, timeAxis: Int = 1, dtype: DType = .float32
  ) -> SimpleRecurrence {
    simple(.output, [inputs, units, outputs], activation, outputActivation, bias, timeAxis, dtype)
  }

  private static func simple(
    _ context: SimpleCell.Context, _ sizes: [Int], _ activation: Activation, _ outputActivation: Activation,
    _ bias: Bool, _ timeAxis: Int, _ dtype: DType
  ) -> SimpleRecurrence {
    SimpleRecurrence(timeAxis: timeAxis, dtype: dtype) { _ in
      SimpleCell(
        context, sizes[0], sizes[1], sizes[2], activation: activation, outputActivation: outputActivation, bias: bias,
        dtype: dtype)
    }
  }
}
