import ApusTensor

/// The value of a loss and its gradients with respect to the trainable parameters of a model.
///
/// Runs `loss` in training mode and records it; nothing is computed until a result is read or an optimizer's `update`
/// realizes the step.
///
/// ```swift
/// let (loss, gradients) = valueWithGradient(of: model) { crossEntropy(model(x), labels) }
/// optimizer.update(model, along: gradients.clipped(globalNorm: 1))
/// ```
/// - Precondition: the loss has one element, and every trainable parameter it uses is listed by `model.parameters`;
///   otherwise the program stops and names the parameter. Freeze what shall not be trained (`isTrainable = false`), or
///   use it inside ``withoutGradient(_:)``.
public func valueWithGradient(
  of model: some Module, _ loss: () throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  let gradients = try valueWithGradient(of: model) { (try loss(), []) }
  return (gradients.value, gradients)
}

/// The gradients of a loss, together with other results of the same graph, such as logits for metrics.
///
/// The other results are ``Gradients/auxiliary``; an optimizer's `update` realizes them in the same plan as the step.
///
/// ```swift
/// let gradients = valueWithGradient(of: model) {
///   let logits = model(x)
///   return (crossEntropy(logits, labels), [logits])
/// }
/// ```
public func valueWithGradient(
  of model: some Module, _ loss: () throws -> (Tensor, [Tensor])
) rethrows -> Gradients {
  let recorder = ParameterRecorder(parent: ParameterRecorder.current)
  return try GradientScope.$isActive.withValue(true) {
    let (value, auxiliary) = try ParameterRecorder.$current.withValue(recorder) { try withTraining(loss) }
    let listed = model.parameters
    report(recorder.trainableUses(outside: listed), unlistedBy: model, value)
    let trainable = listed.filter { $0.parameter.isTrainable }
    let variables = trainable.map { recorder.variable(for: $0.parameter) }
    let lookups = trainable.map { $0.parameter.isSparse ? recorder.lookups(of: $0.parameter) : [] }
    let found = ReverseMode.gradients(
      of: [value], seeds: [scalarSeed(of: value)],
      with: variables.compactMap { $0 } + lookups.joined().map(\.variable))
    var next = found.makeIterator()
    var entries = zip(trainable, variables).map { named, variable in
      Gradients.Entry(
        name: named.name, parameter: named.parameter, tensor: variable == nil ? nil : next.next().flatMap { $0 })
    }
    for (position, list) in lookups.enumerated() where !list.isEmpty {
      entries[position] = Gradients.Entry(
        name: trainable[position].name, parameter: trainable[position].parameter,
        lookups: list.map { ($0.numbers, next.next().flatMap { $0 }) })
    }
    let states = listed.compactMap { $0.parameter.role == .state ? $0.parameter : nil }
    return Gradients(
      value: value, auxiliary: auxiliary, entries: entries, states: states, model: ObjectIdentifier(type(of: model)))
  }
}

/// Runs `body` so that the parameters it reads are constants for the gradient around it, as a teacher's are.
///
/// ```swift
/// let (loss, gradients) = valueWithGradient(of: student) {
///   meanSquaredError(student(x), withoutGradient { teacher(x) })
/// }
/// ```
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
  try ParameterRecorder.$current.withValue(nil) { try body() }
}

private func report(_ unlisted: [Parameter], unlistedBy model: some Module, _ value: Tensor) {
  guard let first = unlisted.first else { return }
  let others = unlisted.count > 1 ? " and \(unlisted.count - 1) more" : ""
  let problem =
    "the loss uses the trainable parameter \(first.label)\(others), which \(type(of: model)).parameters "
    + "does not list, so it would not be trained; store it, or the layer that holds it, in a stored property of the "
    + "model, freeze it (isTrainable = false) or use it inside withoutGradient { }"
  _ = Diagnostics.fail(ShapeError(problem), like: value.type)
}
