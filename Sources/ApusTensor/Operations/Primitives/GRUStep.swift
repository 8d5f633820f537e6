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
  fileprivate static let gates = RecurrentGates(count: 3)

  package init() {}

  package var name: String { "gru_step" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [try Self.gates.check(Array(inputs[..<2]), states: [inputs[2]]), inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (s, before, gates) = (context.inputs[1], context.inputs[2], context.outputs[1])
    let found = Tensor.recordAll(GRUStepBackward(), [gates, s, before, context.outputGradient])
    return adding(gradientOf: 1, to: found, context)
  }

  package func formula(_ inputs: [Tensor]) -> [Tensor] {
    let (x, s) = (Self.gates.parts(inputs[0]), Self.gates.parts(inputs[1]))
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
}

/// The gradient of ``GRUStep``: inputs the gates, the state's part, the state before the step, and the gradient of `h`;
/// outputs the gradients of the input's part and of the state's part `[N, 3 U]`, and of the state before.
package struct GRUStepBackward: FormulaPrimitive {
  package init() {}

  package var name: String { "gru_step_backward" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [inputs[0], inputs[0], try GRUStep.gates.check(Array(inputs[..<2]), states: Array(inputs[2...]))]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { FormulaGradient.rule(context, formula: formula) }

  package func formula(_ inputs: [Tensor]) -> [Tensor] {
    let gates = GRUStep.gates.parts(inputs[0])
    let (r, z, n) = (gates[0], gates[1], gates[2])
    let ofN = inputs[3] * (1 - z) * (1 - n.squared())
    let ofR = ofN * GRUStep.gates.parts(inputs[1])[2] * (r - r.squared())
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
