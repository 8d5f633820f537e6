import Foundation

/// What follows the matrix products in one step of long short-term memory, in one pass over memory.
///
/// Inputs: the input's part `[N, 4 U]` and the state's part `[N, 4 U]` of the gates i, f, g, o side by side, and the cell
/// state `[N, U]` of the step before. Outputs: `h` and `c` `[N, U]`, and the gates after their functions `[N, 4 U]`, which
/// the gradient reads.
///
/// ```
/// i, f, o = sigmoid(x + r)    g = tanh(x + r)    c = f * c' + i * g    h = o * tanh(c)
/// ```
package struct LSTMStep: FormulaPrimitive {
  fileprivate static let gates = RecurrentGates(count: 4)

  package init() {}

  package var name: String { "lstm_step" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let state = try Self.gates.check(Array(inputs[..<2]), states: [inputs[2]])
    return [state, state, inputs[0]]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] {
    let (c, gates, before) = (context.outputs[1], context.outputs[2], context.inputs[2])
    func given(_ output: Int) -> Tensor {
      context.outputGradients[output] ?? Tensor(repeating: 0, shape: c.shape, dtype: c.dtype)
    }
    let found = Tensor.recordAll(LSTMStepBackward(), [gates, before, c, given(0), given(1)])
    return adding(gradientOf: 2, to: [found[0], found[0], found[1]], context)
  }

  package func formula(_ inputs: [Tensor]) -> [Tensor] {
    let sums = Self.gates.parts(inputs[0] + inputs[1])
    let gates = sums.enumerated().map { $0 == 2 ? tanh($1) : sigmoid($1) }
    let c = gates[1] * inputs[2] + gates[0] * gates[2]
    return [gates[3] * tanh(c), c, concatenate(gates, axis: 1)]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let (x, r, before) = (inputs[0].doubles(), inputs[1].doubles(), inputs[2].doubles())
    let units = inputs[2].shape[1]
    var (h, c, gates) = (before, before, x)
    for position in before.indices {
      let first = position / units * 4 * units + position % units
      func gate(_ number: Int) -> Double {
        let place = first + number * units
        let sum = x[place] + r[place]
        gates[place] = number == 2 ? tanh(sum) : 1 / (1 + exp(-sum))
        return gates[place]
      }
      c[position] = gate(1) * before[position] + gate(0) * gate(2)
      h[position] = gate(3) * tanh(c[position])
    }
    outputs[0].store(h)
    outputs[1].store(c)
    outputs[2].store(gates)
  }
}

/// The gradient of ``LSTMStep``: inputs the gates, the cell state before and after the step, and the gradients of `h` and
/// `c`; outputs the gradients of the gates' sums `[N, 4 U]` and of the cell state before.
package struct LSTMStepBackward: FormulaPrimitive {
  package init() {}

  package var name: String { "lstm_step_backward" }

  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [inputs[0], try LSTMStep.gates.check([inputs[0]], states: Array(inputs[1...]))]
  }

  package func gradient(_ context: GradientContext) -> [Tensor?] { FormulaGradient.rule(context, formula: formula) }

  package func formula(_ inputs: [Tensor]) -> [Tensor] {
    let gates = LSTMStep.gates.parts(inputs[0])
    let (i, f, g, o) = (gates[0], gates[1], gates[2], gates[3])
    let t = tanh(inputs[2])
    let ofC = inputs[4] + inputs[3] * o * (1 - t.squared())
    let sums = [
      ofC * g * (i - i.squared()), ofC * inputs[1] * (f - f.squared()), ofC * i * (1 - g.squared()),
      inputs[3] * t * (o - o.squared()),
    ]
    return [concatenate(sums, axis: 1), ofC * f]
  }

  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) {
    let gates = inputs[0].doubles()
    let (before, after) = (inputs[1].doubles(), inputs[2].doubles())
    let (ofH, ofC) = (inputs[3].doubles(), inputs[4].doubles())
    let units = inputs[1].shape[1]
    var (sums, ofBefore) = (gates, before)
    for position in before.indices {
      let first = position / units * 4 * units + position % units
      let (i, f) = (gates[first], gates[first + units])
      let (g, o) = (gates[first + 2 * units], gates[first + 3 * units])
      let t = tanh(after[position])
      let total = ofC[position] + ofH[position] * o * (1 - t * t)
      sums[first] = total * g * i * (1 - i)
      sums[first + units] = total * before[position] * f * (1 - f)
      sums[first + 2 * units] = total * i * (1 - g * g)
      sums[first + 3 * units] = ofH[position] * t * o * (1 - o)
      ofBefore[position] = total * f
    }
    outputs[0].store(sums)
    outputs[1].store(ofBefore)
  }
}
