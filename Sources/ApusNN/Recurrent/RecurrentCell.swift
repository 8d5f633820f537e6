import ApusTensor

/// One step of a recurrent network: from an input and the states of the step before to an output and the next states.
///
/// A cell of your own needs sizes and ``step(_:_:)``; ``Recurrence`` then gives it several layers, both directions,
/// lengths, learnt initial states and truncation, and `scan` its back-propagation through time.
///
/// ```swift
/// /// A leaky integrator: h = 0.9 h' + 0.1 tanh(U x).
/// struct Leaky: RecurrentCell {
///   var dense = Dense(8, 16, activation: .tanh)
///   var inputs: Int { 8 }
///   var outputs: Int { 16 }
///   var states: [Int] { [16] }
///   func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
///     let h = states[0] * 0.9 + dense(x) * 0.1
///     return (h, [h])
///   }
/// }
/// let network = Recurrence(layers: 1) { _ in Leaky() }
/// ```
public protocol RecurrentCell: Module {
  /// Features of an input.
  var inputs: Int { get }
  /// Features of an output.
  var outputs: Int { get }
  /// Features of each state that is carried from step to step.
  var states: [Int] { get }

  /// What can be computed from the inputs of all steps at once, before the loop: `[T, N, inputs]` gives `[T, N, ...]`,
  /// whose slices ``step(_:_:)`` is given. Without an implementation the inputs themselves.
  func projected(_ x: Tensor) -> Tensor
  /// One step: from a slice of ``projected(_:)`` `[N, ...]` and the states `[N, ...]` to an output and the next states.
  func step(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor])
  /// What can be computed from the outputs of all steps at once, after the loop: `[T, N, ...]` gives `[T, N, outputs]`.
  /// Without an implementation the outputs themselves.
  func finished(_ outputs: Tensor) -> Tensor
}

extension RecurrentCell {
  /// The inputs themselves.
  public func projected(_ x: Tensor) -> Tensor { x }
  /// The outputs themselves.
  public func finished(_ outputs: Tensor) -> Tensor { outputs }

  /// One step for a batch: an input `[N, inputs]` and the states before it, as PyTorch's `LSTMCell` and its kin.
  ///
  /// ```swift
  /// let (h, states) = LSTMCell(10, 20)(x, [h0, c0])
  /// ```
  public func callAsFunction(_ x: Tensor, _ states: [Tensor]) -> (output: Tensor, states: [Tensor]) {
    let slice = projected(x.expandingShape(at: 0))
    let (output, next) = step(slice.reshaped(to: Shape(slice.shape.dropFirst())), states)
    let done = finished(output.expandingShape(at: 0))
    return (done.reshaped(to: Shape(done.shape.dropFirst())), next)
  }

  /// The cell over a sequence.
  ///
  /// - Parameters:
  ///   - x: `[T, N, inputs]`.
  ///   - states: the states before the first step, `[N, ...]` each.
  ///   - mask: `[T, N, 1]`, true inside a sequence; outside the states stay and the outputs are 0. nil means everywhere.
  ///   - isReversed: whether to go from the last step to the first.
  ///   - window: steps after which the gradient through the states ends; nil for none.
  /// - Returns: outputs `[T, N, outputs]`, and the states after the last step.
  func unrolled(
    over x: Tensor, from states: [Tensor], mask: Tensor?, reversed isReversed: Bool, window: Int?
  ) -> (outputs: Tensor, states: [Tensor]) {
    let inputs = [projected(x)] + (mask.map { [$0] } ?? [])
    let length = x.shape[0]
    let size = min(window ?? length, length)
    var (carry, parts) = (states, [Tensor]())
    let starts = Array(stride(from: 0, to: length, by: size))
    for start in isReversed ? starts.reversed() : starts {
      let count = min(size, length - start)
      let slices = inputs.map { $0.sliced(axis: 0, from: start, count: count) }
      let (last, stacked) = scan(carry, over: slices, reversed: isReversed) { before, slices in
        let (output, next) = step(slices[0], before)
        guard slices.count > 1 else { return (next, [output]) }
        return (zip(next, before).map { $0.selected(where: slices[1], otherwise: $1) }, [output])
      }
      parts.append(stacked.first ?? x)
      carry = start == (isReversed ? 0 : starts[starts.count - 1]) ? last : last.map { $0.stoppingGradient() }
    }
    let outputs = finished(concatenate(isReversed ? parts.reversed() : parts, axis: 0))
    let zero = Tensor.zeros([], dtype: outputs.dtype)
    return (mask.map { outputs.selected(where: $0, otherwise: zero) } ?? outputs, carry)
  }
}
