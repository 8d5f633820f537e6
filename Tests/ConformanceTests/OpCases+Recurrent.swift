import ApusTensor

@testable import ApusNN

private func states(_ rows: Int, _ units: Int, _ salts: [Int]) -> [Tensor] {
  salts.map { numbers([rows, units], salt: $0) }
}

/// Steps of recurrent cells alone, with the gates that only their gradients read, and inside a loop.
let recurrentCases: [OpCase] = [
  OpCase("lstm step", states(3, 20, [1, 2]) + states(3, 5, [3])) { Tensor.recordAll(LSTMStep(), $0) },
  OpCase("lstm step, one unit", states(2, 4, [4, 5]) + states(2, 1, [6])) { Tensor.recordAll(LSTMStep(), $0) },
  OpCase("lstm step backward", states(2, 12, [7]) + states(2, 3, [8, 9, 10, 11])) {
    Tensor.recordAll(LSTMStepBackward(), $0)
  },
  OpCase("gru step", states(3, 15, [1, 2]) + states(3, 5, [3])) { Tensor.recordAll(GRUStep(), $0) },
  OpCase("gru step backward", states(2, 9, [4, 5]) + states(2, 3, [6, 7])) {
    Tensor.recordAll(GRUStepBackward(), $0)
  },
  OpCase("lstm over time", [numbers([4, 2, 12], salt: 1)] + states(2, 3, [2, 3]) + states(3, 12, [4])) { x in
    let (last, all) = scan([x[1], x[2]], over: [x[0]]) { carry, inputs in
      let results = Tensor.recordAll(LSTMStep(), [inputs[0], matmul(carry[0], x[3]), carry[1]])
      return ([results[0], results[1]], [results[0]])
    }
    return last + all
  },
  OpCase("gru over time, reversed", [numbers([3, 2, 9], salt: 1)] + states(2, 3, [2]) + states(3, 9, [3])) { x in
    let (last, all) = scan([x[1]], over: [x[0]], reversed: true) { carry, inputs in
      let results = Tensor.recordAll(GRUStep(), [inputs[0], matmul(carry[0], x[2]), carry[0]])
      return ([results[0]], [results[0]])
    }
    return last + all
  },
]
