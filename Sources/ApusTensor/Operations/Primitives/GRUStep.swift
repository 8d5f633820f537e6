import Foundation

/// What follows the matrix products in one step of the gated recurrent unit, in one pass over memory.
///
/// Inputs: the input's part `[N, 3 U]` and the state's part `[N, 3 U]` of the gates r, z, n side by side, each with its own
/// biases, and the state `[N, U]` of the step before. Outputs: the state `h` `[N, U]`, and the gates after their functions
/// `[N, 3 U]`, which the gradient reads.
///
/// ```
/// r, z = sigmoid(x + s)    n = tanh(x + r * s)    h = n + z * (h' - n)
/// ```
package struct GRUStep: FormulaPrimitive {
  package init() {}

  package var name: String { "gru_step" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [try Self.check(gates: Array(inputs[..<2]), states: [inputs[2]]), inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (s, before, gates) = (context.inputs[1], context.inputs[2], context.outputs[1])
    let found = Tensor.recordAll(GRUStepBackward(), [gates, s, before, context.outputGradient])
    return adding(gradientOf: 1, to: found, context)
  }

  package func formula(_ inputs: [Tensor]) -> [Tensor] {
    let (x, s) = (Self.parts(inputs[0]), Self.parts(inputs[1]))
    let (r, z) = (sigmoid(x[0] + s[0]), sigmoid(x[1] + s[1]))
    let n = tanh(x[2] + r * s[2])
    return [n + z * (inputs[2] - n), concatenate([r, z, n], axis: 1)]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, s, before) = (inputs[0].doubles(), inputs[1].doubles(), inputs[2].doubles())
    let units = inputs[2].shape[1]
    var (h, gates) = (before, x)
    for position in before.indices {
      let first = position / units * 3 * units + position % units
      let (second, third) = (first + units, first + 2 * units)
      gates[first] = 1 / (1 + exp(-(x[first] + s[first])))
      gates[second] = 1 / (1 + exp(-(x[second] + s[second])))
      gates[third] = tanh(x[third] + gates[first] * s[third])
      h[position] = gates[third] + gates[second] * (before[position] - gates[third])
    }
    outputs[0].store(h)
    outputs[1].store(gates)
  }

  /// The gates r, z, n of `[N, 3 U]`.
  fileprivate static func parts(_ gates: Tensor) -> [Tensor] {
    let units = gates.shape[1] / 3
    return (0..<3).map { gates.sliced(axis: 1, from: $0 * units, count: units) }
  }

  /// The type of a state, when all operands fit.
  fileprivate static func check(gates: [TensorType], states: [TensorType]) throws(ShapeError) -> TensorType {
    let state = states[0]
    guard state.shape.rank == 2, state.dtype.isFloatingPoint, states.allSatisfy({ $0 == state }) else {
      throw ShapeError("states are f32 or f64 [N, units], got \(states)")
    }
    let expected = TensorType([state.shape[0], 3 * state.shape[1]], state.dtype)
    guard gates.allSatisfy({ $0 == expected }) else {
      throw ShapeError("the parts of the three gates must be \(expected), got \(gates)")
    }
    return state
  }
}

/// The gradient of ``GRUStep``: inputs the gates, the state's part, the state before the step, and the gradient of `h`;
/// outputs the gradients of the input's part and of the state's part `[N, 3 U]`, and of the state before.
package struct GRUStepBackward: FormulaPrimitive {
  package init() {}

  package var name: String { "gru_step_backward" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [inputs[0], inputs[0], try GRUStep.check(gates: Array(inputs[..<2]), states: Array(inputs[2...]))]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { FormulaGradient.rule(context, formula: formula) }

  package func formula(_ inputs: [Tensor]) -> [Tensor] {
    let gates = GRUStep.parts(inputs[0])
    let (r, z, n) = (gates[0], gates[1], gates[2])
    let ofN = inputs[3] * (1 - z) * (1 - n.squared())
    let ofR = ofN * GRUStep.parts(inputs[1])[2] * (r - r.squared())
    let ofZ = inputs[3] * (inputs[2] - n) * (z - z.squared())
    return [concatenate([ofR, ofZ, ofN], axis: 1), concatenate([ofR, ofZ, ofN * r], axis: 1), inputs[3] * z]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (gates, s) = (inputs[0].doubles(), inputs[1].doubles())
    let (before, ofState) = (inputs[2].doubles(), inputs[3].doubles())
    let units = inputs[2].shape[1]
    var (ofX, ofS, ofBefore) = (gates, gates, before)
    for position in before.indices {
      let first = position / units * 3 * units + position % units
      let (second, third) = (first + units, first + 2 * units)
      let (r, z, n) = (gates[first], gates[second], gates[third])
      ofX[third] = ofState[position] * (1 - z) * (1 - n * n)
      ofX[first] = ofX[third] * s[third] * r * (1 - r)
      ofX[second] = ofState[position] * (before[position] - n) * z * (1 - z)
      (ofS[first], ofS[second], ofS[third]) = (ofX[first], ofX[second], ofX[third] * r)
      ofBefore[position] = ofState[position] * z
    }
    outputs[0].store(ofX)
    outputs[1].store(ofS)
    outputs[2].store(ofBefore)
  }
}
