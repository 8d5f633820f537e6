/// A function whose inner values are not kept for the gradient but computed again when it is taken (Griewank, Walther,
/// 2000; Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear memory cost", 2016).
///
/// Value and gradient are those of `body`, to the bit where the kernels are the same ones. A network of n equal layers
/// in segments of sqrt(n) layers keeps about 2 sqrt(n) activations instead of n and runs its forward pass twice: about
/// a third more time.
///
/// ```swift
/// for block in blocks { h = checkpointed(h) { block($0) } }
/// ```
/// Random layers draw the same numbers again, running statistics are updated once. Without a gradient around it this is
/// `body(x)`.
///
/// - Parameters:
///   - x: the input, which is kept.
///   - body: the function; it may use parameters and other tensors from outside.
public func checkpointed(_ x: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
  checkpointed([x]) { body($0[0]) }
}

/// A function of several tensors whose inner values are computed again for the gradient; see
/// ``checkpointed(_:_:)-(Tensor,_)``.
public func checkpointed(_ xs: [Tensor], _ body: ([Tensor]) -> Tensor) -> Tensor {
  guard GradientScope.isActive else { return body(xs) }
  let variables = xs.map { $0.asVariable() }
  let value = BodyScope.$isActive.withValue(true) { body(variables) }
  // The key of random numbers counts as an input, so that masks are drawn again instead of kept.
  let keys = [RandomContext.current?.key].compactMap { $0 }
  var recorder = FunctionRecorder(inputs: variables + keys)
  recorder.close(over: [value])
  let segment = Checkpoint(function: recorder.function, boundaryCount: xs.count + keys.count)
  return Tensor.record(segment, [value] + xs + keys + recorder.captured)
}

/// Marks the result of a checkpointed function: input 0 is the value, then come the tensors at the function's boundary
/// and those it captured. The compiler removes it; its gradient records the function again.
struct Checkpoint: Primitive {
  /// The function, from the boundary and captured tensors to the value.
  var function: RecordedFunction
  /// How many inputs of the function stand apart from their first use.
  var boundaryCount: Int

  var name: String { "checkpoint" }

  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }

  func gradient(_ context: GradientContext) -> [Tensor?] {
    let variables = context.inputs.dropFirst().enumerated().map { position, input in
      (position < boundaryCount ? Tensor.record(Recomputation(), [input]) : input).asVariable()
    }
    let values = function.instantiate(variables)
    let found = ReverseMode.gradients(
      of: [values[function.results[0]]], seeds: [context.outputGradient], with: variables)
    return [nil] + found
  }

  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) { copyFirst(inputs, outputs) }
}

/// Passes a value on to where it is computed with again: keeps the second computation apart from the first one, which
/// would otherwise be recognised as the same expression and kept. The compiler removes it after that.
package struct Recomputation: Primitive {
  package init() {}
  package var name: String { "recomputation" }
  package func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  package func gradient(_ context: GradientContext) -> [Tensor?] { [context.outputGradient] }
  package func evaluate(_ inputs: [HostView], _ outputs: [HostView]) { copyFirst(inputs, outputs) }
}
