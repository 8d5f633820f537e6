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

  /// The rule for one kind, and what it is to be applied to.
  private struct Batch {
    var function: ElementwiseFunction
    /// Which fields of the state exist after the step.
    var fields: [Bool]
    /// Value, gradient and state of each parameter.
    var sets: [[Tensor]] = []
    var results: [Tensor] = []
  }

  /// Which parameter of which batch.
  struct Place {
    fileprivate var batch: Int
    fileprivate var set: Int
  }

  private var batches: [Batch] = []
  private var batchOfKind: [Kind: Int] = [:]

  /// Takes note of a parameter, and says where its results will be.
  ///
  /// - Parameters:
  ///   - before: the tensors of the state.
  ///   - factor: what the learning rate was multiplied by for the parameter's group.
  mutating func add(
    _ rule: some Optimizer, _ value: Tensor, _ gradient: Tensor, _ before: [Tensor?], _ context: StepContext,
    factor: Double
  ) -> Place {
    let kind = Kind(
      dtype: value.dtype, step: context.step, learningRateFactor: factor, weightDecay: context.weightDecay,
      fields: before.map { $0 != nil })
    let batch: Int
    if let known = batchOfKind[kind] {
      batch = known
    } else {
      batch = batches.count
      batches.append(Self.record(rule, kind, context))
      batchOfKind[kind] = batch
    }
    var set = [value, gradient]
    for case let tensor? in before { set.append(tensor) }
    batches[batch].sets.append(set)
    return Place(batch: batch, set: batches[batch].sets.count - 1)
  }

  /// Records the rule: one operation for all parameters of a kind. What it was applied to is held no longer.
  ///
  /// - Parameter replaced: gains the state that only the step itself reads.
  mutating func apply(replaced: inout [Tensor]) {
    for index in batches.indices {
      batches[index].results = batches[index].function(sets: batches[index].sets, spread: &replaced)
      batches[index].sets = []
    }
  }

  /// A parameter's new value and state, once the rule is applied.
  func result(at place: Place) -> (value: Tensor, state: [Tensor?]) {
    let batch = batches[place.batch]
    var next = place.set * (1 + batch.fields.count { $0 })
    let value = batch.results[next]
    let state = batch.fields.map { exists -> Tensor? in
      guard exists else { return nil }
      next += 1
      return batch.results[next]
    }
    return (value, state)
  }

  private static func record<Rule: Optimizer>(_ rule: Rule, _ kind: Kind, _ context: StepContext) -> Batch {
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
    return Batch(function: function, fields: exists)
  }
}
