import ApusTensor

/// Recurrent layers of any cell, for models that leave the choice of the cell to their users; see ``Recurrence``.
public protocol SequenceLayer: Layer {
  /// Features of an output.
  var outputs: Int { get }
  /// The outputs at every step and the states after the last one; see
  /// ``Recurrence/run(over:from:lengths:truncatedEvery:)``.
  func run(
    over x: Tensor, from states: [Tensor]?, lengths: Tensor?, truncatedEvery window: Int?
  ) -> (outputs: Tensor, states: [Tensor])
  /// One step in the forward direction: an input `[N, inputs]` and the states before it.
  func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor])
  /// States of zeros for a batch.
  func zeroStates(batch: Int, dtype: DType) -> [Tensor]
}

extension Recurrence: SequenceLayer {
  /// One step in the forward direction: an input `[N, inputs]` and the states before it, `[layers, N, ...]` each. Equal to
  /// ``run(over:from:lengths:truncatedEvery:)`` over a sequence of one step, without its loop.
  ///
  /// ```swift
  /// var states = lstm.zeroStates(batch: 1)
  /// for x in inputs { (output, states) = lstm.step(x, states) }
  /// ```
  public func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
    guard cells[0].count == 1, states.count == cells[0][0].states.count,
      states.allSatisfy({ $0.rank == 3 && $0.shape[0] == cells.count })
    else {
      let problem = "\(description): a step needs one direction and states [\(cells.count), N, ...]"
      return (LayerCheck.fail(problem, TensorType([1, outputs], x.dtype)), states)
    }
    var h = x
    var last = [[Tensor]](repeating: [], count: states.count)
    for (layer, directions) in cells.enumerated() {
      if layer > 0 { h = dropout(h) }
      let before = states.map { state in
        state.sliced(axis: 0, from: layer, count: 1).reshaped(to: state.shape.removingFirst())
      }
      let (output, after) = directions[0](h, before)
      h = output
      for index in after.indices { last[index].append(after[index]) }
    }
    return (h, last.map { stack($0, axis: 0) })
  }
}

/// A model that can carry states from one batch to the next: what a recurrent network has seen of a text whose next part
/// the next batch holds. The gradient ends at the border: truncated back-propagation through time.
///
/// States are parameters with the role `state`, so that a checkpoint holds them. They are carried inside
/// ``withCarriedStates(_:)``, which a `Trainer` uses; it begins every epoch and every evaluation with ``resetStates()``.
public protocol StatefulModule: Module {
  /// The states that are carried.
  var carriedStates: [Parameter] { get }
}

extension StatefulModule {
  /// Puts all carried states to 0.
  public func resetStates() {
    let zeros = carriedStates.map { Tensor.zeros($0.shape, dtype: $0.type.dtype) }
    // As data: a recorded constant would have a plan of its own.
    realize(zeros)
    for (state, zero) in zip(carriedStates, zeros) { state.value = zero }
  }
}

extension Mode {
  /// Whether models of the current task carry states from batch to batch.
  @TaskLocal public static var carriesStates = false
}

/// Runs `body` with models carrying their states from one batch to the next; see ``StatefulModule``.
public func withCarriedStates<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Mode.$carriesStates.withValue(true) { try body() }
}
