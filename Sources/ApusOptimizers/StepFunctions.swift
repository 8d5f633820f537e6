import ApusTensor

/// The elementwise rule of one step, recorded once for all parameters that it treats alike.
struct StepFunctions {
  /// What an elementwise rule can tell parameters apart by. The learning rate itself is not in it: rates that happen to be
  /// equal in one step, such as 0, would give that step a plan of its own.
  private struct Kind: Hashable {
    var dtype: DType
    var step: Int
    var learningRateFactor: Double
    var weightDecay: Double
    /// Which fields of the state exist.
    var fields: [Bool]
  }

  private struct Recorded {
    var function: ElementwiseFunction
    /// Which fields of the state exist after the step.
    var results: [Bool]
  }

  private var recorded: [Kind: Recorded] = [:]

  /// The new value of a parameter and its new state, as the rule's own `step` gives them.
  ///
  /// - Parameters:
  ///   - before: the tensors of the state.
  ///   - factor: what the learning rate was multiplied by for the parameter's group.
  ///   - replaced: gains the state that only the step itself reads.
  mutating func step(
    _ rule: some Optimizer, _ value: Tensor, _ gradient: Tensor, _ before: [Tensor?], _ context: StepContext,
    factor: Double, replaced: inout [Tensor]
  ) -> (value: Tensor, state: [Tensor?]) {
    let kind = Kind(
      dtype: value.dtype, step: context.step, learningRateFactor: factor, weightDecay: context.weightDecay,
      fields: before.map { $0 != nil })
    if let known = recorded[kind] { return apply(known, value, gradient, before, &replaced) }
    let made = Self.record(rule, kind, context)
    recorded[kind] = made
    return apply(made, value, gradient, before, &replaced)
  }

  private func apply(
    _ step: Recorded, _ value: Tensor, _ gradient: Tensor, _ before: [Tensor?], _ replaced: inout [Tensor]
  ) -> (value: Tensor, state: [Tensor?]) {
    let results = step.function([value, gradient] + before.compactMap { $0 }, spread: &replaced)
    var next = 1
    let state = step.results.map { exists -> Tensor? in
      guard exists else { return nil }
      next += 1
      return results[next - 1]
    }
    return (results[0], state)
  }

  private static func record<Rule: Optimizer>(_ rule: Rule, _ kind: Kind, _ context: StepContext) -> Recorded {
    var exists: [Bool] = []
    let count = 2 + kind.fields.count { $0 }
    let function = ElementwiseFunction(of: Array(repeating: kind.dtype, count: count)) { inputs in
      var state = Rule.State()
      var rest = inputs.dropFirst(2)
      state.tensors = kind.fields.map { $0 ? rest.removeFirst() : nil }
      let value = rule.step(inputs[0], along: inputs[1], state: &state, context: context)
      let after = state.tensors
      exists = after.map { $0 != nil }
      return [value] + after.compactMap { $0 }
    }
    return Recorded(function: function, results: exists)
  }
}
