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

  /// The new value of a parameter, as the rule's own `step` gives it.
  ///
  /// - Parameters:
  ///   - factor: what the learning rate was multiplied by for the parameter's group.
  ///   - replaced: gains the state that only the step itself reads.
  mutating func step<Rule: Optimizer>(
    _ rule: Rule, _ value: Tensor, _ gradient: Tensor, _ state: inout Rule.State, _ context: StepContext,
    factor: Double, replaced: inout [Tensor]
  ) -> Tensor {
    let fields = Rule.State.fields
    let before = fields.map { state[keyPath: $0.path] }
    let kind = Kind(
      dtype: value.dtype, step: context.step, learningRateFactor: factor, weightDecay: context.weightDecay,
      fields: before.map { $0 != nil })
    let known = recorded[kind] ?? Self.record(rule, kind, context)
    recorded[kind] = known
    var results = known.function([value, gradient] + before.compactMap { $0 }, spread: &replaced)[...]
    let next = results.removeFirst()
    for (field, exists) in zip(fields, known.results) {
      state[keyPath: field.path] = exists ? results.removeFirst() : nil
    }
    return next
  }

  private static func record<Rule: Optimizer>(_ rule: Rule, _ kind: Kind, _ context: StepContext) -> Recorded {
    let fields = Rule.State.fields
    var exists: [Bool] = []
    let count = 2 + kind.fields.count { $0 }
    let function = ElementwiseFunction(of: Array(repeating: kind.dtype, count: count)) { inputs in
      var state = Rule.State()
      var rest = inputs.dropFirst(2)
      for (field, isThere) in zip(fields, kind.fields) where isThere { state[keyPath: field.path] = rest.removeFirst() }
      let value = rule.step(inputs[0], along: inputs[1], state: &state, context: context)
      let after = fields.map { state[keyPath: $0.path] }
      exists = after.map { $0 != nil }
      return [value] + after.compactMap { $0 }
    }
    return Recorded(function: function, results: exists)
  }
}
