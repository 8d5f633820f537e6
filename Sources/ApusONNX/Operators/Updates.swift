import ApusTensor

extension Operators {
  /// Steps of optimizers, as ONNX's training operators describe them.
  static let updates: [String: Operator] = [
    "Momentum": .tensors { context in
      try steps(context, states: 1) { rate, time, x, gradient, states in
        let (alpha, beta) = (context.float("alpha", 0), context.float("beta", 0))
        let g = x * context.float("norm_coefficient", 0) + gradient
        let factor = `where`(
          time .> 0, Tensor(repeating: beta, shape: [], dtype: x.dtype), Tensor(repeating: 1, shape: [], dtype: x.dtype)
        )
        let v = states[0] * alpha + g * factor
        let isNesterov = context.string("mode", "standard") == "nesterov"
        return [x - rate * (isNesterov ? g + v * alpha : v), v]
      }
    },
    "Adagrad": .tensors { context in
      try steps(context, states: 1) { rate, time, x, gradient, states in
        let decayed = rate / (time.cast(to: x.dtype) * context.float("decay_factor", 0) + 1)
        let g = x * context.float("norm_coefficient", 0) + gradient
        let h = states[0] + g * g
        return [x - decayed * g / (sqrt(h) + context.float("epsilon", 1e-6)), h]
      }
    },
    "Adam": .tensors { context in
      try steps(context, states: 2) { rate, time, x, gradient, states in
        let (alpha, beta) = (context.float("alpha", 0.9), context.float("beta", 0.999))
        let g = x * context.float("norm_coefficient", 0) + gradient
        let v = states[0] * alpha + g * (1 - alpha)
        let h = states[1] * beta + (g * g) * (1 - beta)
        let t = time.cast(to: x.dtype)
        let corrected = `where`(time .> 0, rate * sqrt(1 - pow(beta, t)) / (1 - pow(alpha, t)), rate)
        let next = x - corrected * v / (sqrt(h) + context.float("epsilon", 1e-6))
        return [next * (1 - context.float("norm_coefficient_post", 0)), v, h]
      }
    },
  ]

  /// Inputs: rate, time, then all parameters, all gradients, all first states, all second ones.
  private static func steps(
    _ context: OperatorContext, states: Int,
    _ step: (_ rate: Tensor, _ time: Tensor, _ x: Tensor, _ gradient: Tensor, _ states: [Tensor]) -> [Tensor]
  ) throws -> [Tensor] {
    let inputs = try context.tensors()
    guard inputs.count > 2, (inputs.count - 2) % (2 + states) == 0 else {
      throw OperatorError("has \(inputs.count) inputs")
    }
    let count = (inputs.count - 2) / (2 + states)
    let results = (0..<count).map { place in
      step(
        inputs[0], inputs[1], inputs[2 + place], inputs[2 + count + place],
        (0..<states).map { inputs[2 + (2 + $0) * count + place] })
    }
    return (0...states).flatMap { kind in results.map { $0[kind] } }
  }
}
