import ApusNN
import ApusTensor

/// A rule that turns gradients into new values of parameters.
///
/// An optimizer states what happens to one parameter (``step(_:along:state:context:)``), as tensor expressions; the
/// rest (finding parameters, keeping their state, realizing the step, checkpoints) is the same for all.
///
/// ```swift
/// let optimizer = SGD(learningRate: 0.1, momentum: 0.9)
/// let (loss, gradients) = valueWithGradient(of: model) { crossEntropy(model(x), labels) }
/// optimizer.update(model, along: gradients)
/// print(loss.item())
/// ```
/// Numbers that change from step to step enter expressions as Swift numbers (`gradient * 0.1`): they are bound when the
/// plan is replayed and never cause a new plan.
public protocol Optimizer: AnyObject {
  /// What is kept of each parameter between steps.
  associatedtype State: OptimizerState

  /// How far a step goes; schedules set it before each step.
  var learningRate: Double { get set }
  /// How much of the weights a step takes away; what that means is the rule's.
  var weightDecay: Double { get set }
  /// The roles of the parameters that decay; all that are trained, as in PyTorch, unless it is changed.
  var decayedRoles: Set<Parameter.Role> { get set }
  /// Settings of their own for some parameters; the first group that matches counts.
  var groups: [ParameterGroup] { get set }
  /// The states of the parameters and the number of steps.
  var memory: OptimizerMemory<State> { get set }

  /// Whether each element of the new value and state depends on nothing but the same element of value, gradient and state,
  /// and not on the parameter's name and role; then the rule is recorded once for all parameters. False unless a rule says
  /// otherwise.
  var isElementwise: Bool { get }

  /// What the rule keeps of a sparse parameter before its first step, of the shape of the whole `value`; nil when the rule
  /// would change rows that have no gradient, and so cannot train one. Nil unless a rule says otherwise.
  func startState(like value: Tensor) -> State?

  /// The new value of one parameter; `state` is replaced by what the next step needs. Pure: only records operations.
  func step(_ value: Tensor, along gradient: Tensor, state: inout State, context: StepContext) -> Tensor

  /// Checks the hyperparameters.
  ///
  /// - Throws: ``HyperparameterError`` that names the first impossible one.
  func validate() throws(HyperparameterError)
}

/// What a rule knows about the parameter and the step besides values.
public struct StepContext: Sendable {
  /// Which update of this parameter it is, counted from 1.
  public var step: Int
  /// The learning rate of this step, for the parameter's group.
  public var learningRate: Double
  /// The weight decay of this parameter; 0 for roles that do not decay.
  public var weightDecay: Double
  /// The path of the parameter.
  public var name: String
  /// What the parameter is for.
  public var role: Parameter.Role

  /// `gradient + weightDecay value`: the gradient of the loss with the squared-weight penalty.
  public func decayed(_ gradient: Tensor, of value: Tensor) -> Tensor {
    weightDecay == 0 ? gradient : gradient + value * weightDecay
  }
}

/// What is done to the new value of a parameter before it is computed, such as a limit on its norm.
public typealias UpdateConstraint = (_ entry: Gradients.Entry, _ value: Tensor) -> Tensor

extension Optimizer {
  /// The number of updates so far.
  public var stepCount: Int { memory.stepCount }
  /// A rule may look at a whole parameter.
  public var isElementwise: Bool { false }
  /// A rule may change every element.
  public func startState(like value: Tensor) -> State? { nil }

  /// Takes a step and computes it: new parameters, the optimizer's state, states the forward pass changed (running
  /// statistics), the loss and the other results of the gradient's graph, in one plan.
  ///
  /// A parameter that the loss does not depend on, or whose group is frozen, stays as it is. To read gradients or values
  /// made of them afterwards, name them in `others`; what was not realized would be computed again.
  ///
  /// - Parameters:
  ///   - model: the model the gradients were taken of.
  ///   - gradients: the gradients, clipped or not.
  ///   - others: more tensors to compute in the same plan.
  ///   - constraint: applied to each new value.
  ///   - average: takes note of the new values, in the same plan.
  ///   - overwritesParameters: whether the new values may be written over the old ones in memory. That saves the memory of
  ///     a whole model, but what was recorded from the old values and not computed, such as a gradient not named in
  ///     `others`, cannot be read afterwards. Values that something else holds, such as a snapshot, are left alone.
  /// - Precondition: the hyperparameters are valid and the gradients are those of this model.
  public func update(
    _ model: some Module, along gradients: Gradients, realizing others: [Tensor] = [],
    constraint: UpdateConstraint? = nil, average: WeightAverage? = nil, overwritesParameters: Bool = false
  ) {
    do throws(HyperparameterError) {
      try validate()
      try validateGroups()
    } catch { preconditionFailure(error.description) }
    do throws(SettingError) { try validateRows(of: gradients) } catch { preconditionFailure(error.description) }
    precondition(
      gradients.model == nil || gradients.model == ObjectIdentifier(type(of: model)),
      "update(_:along:): these gradients were taken of another model than \(type(of: model))")
    var pending = [gradients.value] + gradients.auxiliary + others
    var replaced: [Tensor] = []
    var functions = StepFunctions()
    var updates: [RecordedUpdate] = []
    var updated: [Gradients.Entry] = []
    for entry in gradients.entries where entry.parameter.isTrainable {
      let group = group(of: entry.name, entry.parameter.role)
      if let group, group.isFrozen { continue }
      updated.append(entry)
      guard let gradient = entry.tensor else { continue }
      if overwritesParameters { replaced.append(entry.parameter.value) }
      updates.append(record(entry, along: gradient, group, &functions, &replaced))
    }
    functions.apply(replaced: &replaced)
    for update in updates { finish(update, functions, constraint, &pending) }
    functions = StepFunctions()
    if let average {
      average.beginStep()
      for entry in updated { average.note(entry, &pending, &replaced) }
    }
    for state in gradients.states { pending.append(state.value) }
    memory.stepCount += 1
    realize(pending, consuming: replaced)
    for update in updates where update.place != nil {
      // An elementwise step has the results of all parameters from one operation.
      update.entry.parameter.value = update.entry.parameter.value.separated()
      memory.separate(at: update.position)
    }
  }

  /// Records a step, or takes note of it where the rule is recorded for many parameters at once.
  private func record(
    _ entry: Gradients.Entry, along gradient: Tensor, _ group: ParameterGroup?, _ functions: inout StepFunctions,
    _ replaced: inout [Tensor]
  ) -> RecordedUpdate {
    let parameter = entry.parameter
    let decay = decay(of: parameter, in: group)
    let factor = group?.learningRateFactor ?? 1
    let position = memory.advance(parameter, name: entry.name)
    let context = StepContext(
      step: memory.slots[position].steps, learningRate: learningRate * factor, weightDecay: decay, name: entry.name,
      role: parameter.role)
    let before = memory.slots[position].tensors
    for case let tensor? in before { replaced.append(tensor) }
    if let rows = entry.rows {
      let (value, state) = stepRows(
        rows, of: parameter.value, along: gradient, before, context, replaced: &replaced)
      return RecordedUpdate(entry: entry, position: position, value: value, state: state)
    }
    if isElementwise {
      let place = functions.add(self, parameter.value, gradient, before, context, factor: factor)
      return RecordedUpdate(entry: entry, position: position, place: place)
    }
    var state = State()
    state.tensors = before
    let value = step(parameter.value, along: gradient, state: &state, context: context)
    return RecordedUpdate(entry: entry, position: position, value: value, state: state.tensors)
  }

  /// Gives a parameter the new value and keeps the new state.
  private func finish(
    _ update: RecordedUpdate, _ functions: StepFunctions, _ constraint: UpdateConstraint?, _ pending: inout [Tensor]
  ) {
    guard let (made, state) = update.place.map(functions.result) ?? update.value.map({ ($0, update.state) }) else {
      return
    }
    let value = constraint?(update.entry, made) ?? made
    memory.setTensors(state, at: update.position)
    update.entry.parameter.value = value
    pending.append(value)
    for case let tensor? in state { pending.append(tensor) }
  }
}

/// A step of one parameter that is recorded, or that the rule for many will record.
private struct RecordedUpdate {
  var entry: Gradients.Entry
  /// Where its state is.
  var position: Int
  /// Where its results will be, with an elementwise rule.
  var place: StepFunctions.Place?
  var value: Tensor?
  var state: [Tensor?] = []
}
