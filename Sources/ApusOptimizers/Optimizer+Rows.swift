import ApusNN
import ApusTensor

// Updates of single rows of sparse parameters: the rule sees these rows of value and state, and only they are written.
extension Optimizer {
  /// Checks that the rule can train the sparse parameters of a model row by row.
  ///
  /// - Throws: `SettingError` that names the first that it cannot.
  public func validateRows(of model: some Module) throws(SettingError) {
    for named in model.parameters where named.parameter.isSparse && named.parameter.isTrainable {
      try validateRows(of: named.name, named.parameter)
    }
  }

  func validateRows(of gradients: Gradients) throws(SettingError) {
    for entry in gradients.entries where entry.rows != nil { try validateRows(of: entry.name, entry.parameter) }
  }

  private func validateRows(of name: String, _ parameter: Parameter) throws(SettingError) {
    let group = group(of: name, parameter.role)
    if group?.isFrozen == true { return }
    guard startState(like: Tensor.zeros([1], dtype: parameter.type.dtype)) != nil else {
      throw SettingError(
        "'\(name)' is trained row by row, which \(Self.self) with these settings cannot do; take plain gradient descent "
          + "without momentum, AdaGrad, Adam or AdamW, or train it as a whole")
    }
    let decay = decay(of: parameter, in: group)
    guard decay == 0 else {
      throw SettingError(
        "the weight decay of \(decay) would change every row of '\(name)', which is trained row by row; give it a group "
          + "of its own with a weight decay of 0, or train it as a whole")
    }
  }

  /// The weight decay of a parameter.
  func decay(of parameter: Parameter, in group: ParameterGroup?) -> Double {
    group?.weightDecay ?? (decayedRoles.contains(parameter.role) ? weightDecay : 0)
  }

  /// The new value and state of a parameter of which only rows have a gradient.
  ///
  /// - Parameters:
  ///   - rows: the numbers of the rows, of which the first of equal ones has the gradient.
  ///   - gradient: the gradient of these rows.
  ///   - before: the tensors of the state.
  ///   - replaced: gains what the state begins with.
  func stepRows(
    _ rows: Tensor, of value: Tensor, along gradient: Tensor, _ before: [Tensor?], _ context: StepContext,
    replaced: inout [Tensor]
  ) -> (value: Tensor, state: [Tensor?]) {
    var whole = before
    func begin() {
      let start = startState(like: value)?.tensors ?? []
      for field in start.indices where whole[field] == nil {
        whole[field] = start[field]
        if let tensor = start[field] { replaced.append(tensor) }
      }
    }
    // The first step's state exists beforehand, so that it has the plan of every later one.
    if before.allSatisfy({ $0 == nil }) { begin() }
    var part = State()
    part.tensors = whole.map { $0?.gathered(at: rows) }
    let new = step(value.gathered(at: rows), along: gradient, state: &part, context: context)
    if zip(whole, part.tensors).contains(where: { $0 == nil && $1 != nil }) { begin() }
    let after = zip(whole, part.tensors).map { old, new in
      new.flatMap { old?.replacingRows(at: rows, with: $0) }
    }
    return (value.replacingRows(at: rows, with: new), after)
  }
}
