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
    let (output, next) = step(slice.reshaped(to: slice.shape.removingFirst()), states)
    let done = finished(output.expandingShape(at: 0))
    return (done.reshaped(to: done.shape.removingFirst()), next)
  }

  /// The cell over a sequence.
  ///
  /// - Parameters:
  ///   - x: `[T, N, inputs]`.
  ///   - states: the states before the first step, `[N, ...]` each.
  ///   - mask: `[T, N, 1]`, true inside a sequence; outside the states stay and the outputs are 0. nil means everywhere.
  ///   - isReversed: whether to go from the last step to the first.
  ///   - window: steps after which the gradient through the states ends; nil for none.
  ///   - segment: steps whose inner values are computed again for the gradient, instead of kept; nil keeps all.
  /// - Returns: outputs `[T, N, outputs]`, and the states after the last step.
  func unrolled(
    over x: Tensor, from states: [Tensor], mask: Tensor?, reversed isReversed: Bool, window: Int?, segment: Int?
  ) -> (outputs: Tensor, states: [Tensor]) {
    let length = x.shape[0]
    let (window, segment) = (min(window ?? length, length), segment.map { min($0, length) })
    let inputs = [segment == nil ? projected(x) : x] + (mask.map { [$0] } ?? [])
    let borders = Set(stride(from: 0, to: length, by: window))
      .union(stride(from: 0, to: length, by: segment ?? length)).union([length]).sorted()
    var (carry, parts) = (states, [Tensor]())
    let pieces = zip(borders, borders.dropFirst()).map { $0..<$1 }
    for piece in isReversed ? pieces.reversed() : pieces {
      let slices = inputs.map { $0.sliced(axis: 0, from: piece.lowerBound, count: piece.count) }
      let results =
        segment == nil
        ? looped(slices, carry, reversed: isReversed)
        : recomputed(slices + carry) { values in
          let slices = [projected(values[0])] + values[1..<inputs.count]
          return looped(slices, Array(values[inputs.count...]), reversed: isReversed)
        }
      parts.append(results[0])
      let border = isReversed ? piece.lowerBound : piece.upperBound
      let isCut = border % window == 0 && border != 0 && border != length
      carry = results.dropFirst().map { isCut ? $0.stoppingGradient() : $0 }
    }
    let outputs = finished(concatenate(isReversed ? parts.reversed() : parts, axis: 0))
    let zero = Tensor.zeros([], dtype: outputs.dtype)
    return (mask.map { outputs.selected(where: $0, otherwise: zero) } ?? outputs, carry)
  }

  /// The outputs of some steps and the states after them, from slices of ``projected(_:)`` and perhaps of a mask.
  private func looped(_ slices: [Tensor], _ states: [Tensor], reversed isReversed: Bool) -> [Tensor] {
    let (last, stacked) = scan(states, over: slices, reversed: isReversed) { before, slices in
      let (output, next) = step(slices[0], before)
      guard slices.count > 1 else { return (next, [output]) }
      return (zip(next, before).map { $0.selected(where: slices[1], otherwise: $1) }, [output])
    }
    return [stacked.first ?? slices[0]] + last
  }
}

/// Several results of a function whose inner values are computed again for the gradient; see `checkpointed(_:_:)`, whose
/// function has one: here it is all of them in a row.
private func recomputed(_ xs: [Tensor], _ body: ([Tensor]) -> [Tensor]) -> [Tensor] {
  var shapes: [Shape] = []
  let joined = checkpointed(xs) { values in
    let results = body(values)
    shapes = results.map(\.shape)
    return concatenate(results.map { $0.flattened() }, axis: 0)
  }
  var start = 0
  return shapes.map { shape in
    defer { start += shape.elementCount }
    return joined.sliced(axis: 0, from: start, count: shape.elementCount).reshaped(to: shape)
  }
}
