/// A stand-in for a tensor that a gradient is taken at; the compiler removes it.
struct Variable: Primitive {
  var name: String { "variable" }
  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  func gradient(_ context: GradientContext) -> [Tensor?] { [context.outputGradient] }
  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) { copyFirst(inputs, outputs) }
}

/// Passes a value on and stops gradients; the compiler removes it.
struct StopGradient: Primitive {
  var name: String { "stop_gradient" }
  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  func gradient(_ context: GradientContext) -> [Tensor?] { [nil] }
  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) { copyFirst(inputs, outputs) }
}

/// A gradient rule given by the user: input 0 is the value, the others are what it was computed from.
struct CustomGradient: Primitive {
  /// The rule; opaque to plans, because it only ever adds nodes.
  struct Rule: OpaqueAttribute, Sendable {
    var body: @Sendable (Tensor) -> [Tensor]
  }
  var rule: Rule

  var name: String { "custom_gradient" }
  func resultTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  func gradient(_ context: GradientContext) -> [Tensor?] {
    let contributions = rule.body(context.outputGradient)
    precondition(
      contributions.count == context.inputs.count - 1,
      "the custom gradient rule returned \(contributions.count) gradients for \(context.inputs.count - 1) inputs")
    return [nil] + contributions
  }
  func evaluate(_ inputs: [HostView], _ outputs: [HostView]) { copyFirst(inputs, outputs) }
}

/// Whether a primitive only passes its first input on.
package func isIdentity(_ operation: any Primitive) -> Bool {
  operation is Variable || operation is StopGradient || operation is CustomGradient || operation is Checkpoint
}

/// The reference kernel of identities.
func copyFirst(_ inputs: [HostView], _ outputs: [HostView]) {
  outputs[0].pointer.copyMemory(from: inputs[0].pointer, byteCount: inputs[0].type.byteCount)
}

extension Tensor {
  /// The same value, treated as a constant by gradients.
  public func stoppingGradient() -> Tensor { Tensor.record(StopGradient(), [self]) }
}

/// Computes `body` but takes `rule` for its gradient.
///
/// ```swift
/// // A step function that lets the gradient through (Bengio et al., 2013).
/// let y = withCustomGradient(x, body: { ($0 .> 0).cast(to: .float32) }, rule: { g in g })
/// ```
/// - Parameters:
///   - x: the input.
///   - body: the value, computed from the input; its own gradient is not used.
///   - rule: the gradient with respect to `x` for the gradient with respect to the value.
public func withCustomGradient(
  _ x: Tensor, body: (Tensor) -> Tensor, rule: @escaping @Sendable (Tensor) -> Tensor
) -> Tensor {
  let value = body(x.stoppingGradient())
  return Tensor.record(CustomGradient(rule: .init { [rule($0)] }), [value, x])
}
