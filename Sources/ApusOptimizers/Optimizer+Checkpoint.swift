import ApusNN
import ApusTensor

extension Optimizer {
  /// All that the next step depends on besides hyperparameters: tensors by name, for checkpoints.
  ///
  /// `step` is the number of updates; for each parameter `<path>.step` is the number of its updates, and
  /// `<path>.<field>`, such as `conv1.weight.momentum_buffer`, its state.
  public func stateSnapshot() -> [String: Tensor] {
    var result = ["step": Tensor(Int64(memory.stepCount))]
    for slot in memory.slots {
      result[slot.name + ".step"] = Tensor(Int64(slot.steps))
      for (field, tensor) in zip(State.fields, slot.tensors) {
        if let tensor { result[slot.name + "." + field.name] = tensor }
      }
    }
    return result
  }

  /// Goes on from a snapshot of the state: the next step is the one the other optimizer would have taken.
  ///
  /// - Parameters:
  ///   - snapshot: what ``stateSnapshot()`` gave.
  ///   - model: the model whose parameters the names mean.
  /// - Throws: `RestoreError`, and then nothing has changed, when a name means nothing, the counts are missing, or a
  ///   shape differs.
  public func restoreState(_ snapshot: [String: Tensor], of model: some Module) throws(RestoreError) {
    let optimizer = String("\(Self.self)")
    var error = RestoreError(context: "the optimizer's state does not fit \(optimizer) and \(type(of: model))")
    var unused = Set(snapshot.keys)
    var restored = OptimizerMemory<State>()
    if let steps = Self.count(snapshot["step"]) {
      restored.stepCount = steps
      unused.remove("step")
    } else {
      error.missing.append("step")
    }
    for named in model.parameters {
      let name = named.name
      var slot = OptimizerMemory<State>.Slot(parameter: named.parameter, name: name)
      var hasState = false
      for (position, field) in State.fields.enumerated() {
        guard let tensor = snapshot["\(name).\(field.name)"] else { continue }
        unused.remove("\(name).\(field.name)")
        hasState = true
        if tensor.type == named.parameter.type {
          slot.tensors[position] = tensor
        } else {
          error.addMismatch("\(name).\(field.name)", expected: named.parameter.type, found: tensor.type)
        }
      }
      if let steps = Self.count(snapshot["\(name).step"]) {
        unused.remove("\(name).step")
        slot.steps = steps
        restored.append(slot)
      } else if hasState {
        error.missing.append("\(name).step")
      }
    }
    error.unexpected = unused.sorted()
    guard error.isEmpty else { throw error }
    memory = restored
  }

  private static func count(_ tensor: Tensor?) -> Int? {
    guard let tensor, tensor.count == 1, tensor.dtype == .int64 else { return nil }
    return Int(tensor.item())
  }
}
