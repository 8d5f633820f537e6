/// The gates of a recurrent cell of `U` units, side by side in `[N, count U]`.
struct RecurrentGates {
  /// How many there are.
  let count: Int

  /// Each gate, `[N, U]`.
  func parts(_ gates: Tensor) -> [Tensor] {
    let units = gates.shape[1] / count
    return (0..<count).map { gates.sliced(axis: 1, from: $0 * units, count: units) }
  }

  /// The type of a state, when all operands fit.
  func check(_ gates: [TensorType], states: [TensorType]) throws(ShapeError) -> TensorType {
    let state = states[0]
    guard state.shape.rank == 2, state.dtype.isFloatingPoint, states.allSatisfy({ $0 == state }) else {
      throw ShapeError("states are f32 or f64 [N, units], got \(states)")
    }
    let expected = TensorType([state.shape[0], count * state.shape[1]], state.dtype)
    guard gates.allSatisfy({ $0 == expected }) else {
      throw ShapeError("the parts of the \(count) gates must be \(expected), got \(gates)")
    }
    return state
  }
}
