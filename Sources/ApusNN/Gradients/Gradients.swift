import ApusTensor

/// The gradient of a loss with respect to each trainable parameter of a model.
///
/// A value: processing gradients gives new ones.
///
/// ```swift
/// let clipped = gradients.clipped(globalNorm: 1)
/// print(clipped["conv1.weight"]!.sum())
/// ```
public struct Gradients: Sendable {
  /// A parameter and its gradient.
  public struct Entry: Sendable {
    /// The path of the parameter in the model.
    public let name: String
    /// The parameter.
    public let parameter: Parameter
    /// The gradient; nil where the loss does not depend on the parameter, which optimizers then leave as it is. Of a
    /// sparse parameter that of the rows that ``rows`` names, each once and 0 where one is named again.
    public var tensor: Tensor?
    /// The numbers i64 `[N]` of the rows that ``tensor`` is the gradient of; nil when it is that of the whole parameter.
    public var rows: Tensor?

    /// A parameter and its gradient.
    public init(name: String, parameter: Parameter, tensor: Tensor?, rows: Tensor? = nil) {
      self.name = name
      self.parameter = parameter
      self.tensor = tensor
      self.rows = rows
    }
  }

  /// The loss.
  public var value: Tensor
  /// Other results of the same graph, realized together with the step.
  public var auxiliary: [Tensor]
  /// The gradients in the order of the model's parameters.
  public private(set) var entries: [Entry]
  /// States of the model, which the forward pass may have given new values.
  package let states: [Parameter]
  /// The type of the model, to catch an update of another one.
  package let model: ObjectIdentifier?

  package init(
    value: Tensor, auxiliary: [Tensor], entries: [Entry], states: [Parameter], model: ObjectIdentifier?
  ) {
    self.value = value
    self.auxiliary = auxiliary
    self.entries = entries
    self.states = states
    self.model = model
  }

  /// Gradients worked out by other means, such as a formula or another machine.
  ///
  /// - Precondition: every name is that of a trainable parameter of the model, with a gradient of its shape.
  public init(of model: some Module, value: Tensor, _ tensors: [String: Tensor]) {
    let listed = model.parameters
    let trainable = listed.filter { $0.parameter.isTrainable }
    for name in tensors.keys.sorted() where !trainable.contains(where: { $0.name == name }) {
      _ = Diagnostics.fail(ShapeError("\(type(of: model)) has no trainable parameter '\(name)'"), like: nil)
    }
    for named in trainable {
      guard let tensor = tensors[named.name], tensor.type != named.parameter.type else { continue }
      let problem = "the gradient \(tensor.type) of '\(named.name)' must be \(named.parameter.type)"
      _ = Diagnostics.fail(ShapeError(problem), like: nil)
    }
    self.init(
      value: value, auxiliary: [],
      entries: trainable.map { Entry(name: $0.name, parameter: $0.parameter, tensor: tensors[$0.name]) },
      states: listed.filter { $0.parameter.role == .state }.map(\.parameter),
      model: ObjectIdentifier(Swift.type(of: model)))
  }

  /// The gradient of the parameter with this path, of its shape; nil when there is none.
  public subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.whole }

  /// The gradient of a parameter, of its shape; nil when there is none.
  public subscript(parameter: Parameter) -> Tensor? { entries.first { $0.parameter === parameter }?.whole }

  /// The paths of trainable parameters that the loss does not depend on.
  public var unusedNames: [String] { entries.filter { $0.tensor == nil }.map(\.name) }

  /// The gradients that exist, in the order of the model's parameters; of a sparse one those of its rows.
  public var tensors: [Tensor] { entries.compactMap(\.tensor) }

  /// The gradients with each tensor replaced by `transform` of it.
  public func map(_ transform: (Tensor) throws -> Tensor) rethrows -> Gradients {
    try mapEntries { try transform($1) }
  }

  /// The gradients with each tensor replaced by `transform` of its entry and it.
  public func mapEntries(_ transform: (Entry, Tensor) throws -> Tensor) rethrows -> Gradients {
    var result = self
    for position in entries.indices {
      guard let tensor = entries[position].tensor else { continue }
      result.entries[position].tensor = try transform(entries[position], tensor)
    }
    return result
  }

  /// The gradients without those whose entry the condition does not hold for; their parameters stay as they are.
  public func filtered(_ isKept: (Entry) throws -> Bool) rethrows -> Gradients {
    var result = self
    for position in entries.indices where try !isKept(entries[position]) { result.entries[position].tensor = nil }
    return result
  }

  /// The sum of two gradients of one model, as of two parts of a batch; losses add up too.
  ///
  /// - Precondition: both belong to the same parameters.
  public static func + (a: Gradients, b: Gradients) -> Gradients {
    var result = a
    guard a.entries.count == b.entries.count, zip(a.entries, b.entries).allSatisfy({ $0.parameter === $1.parameter })
    else {
      _ = Diagnostics.fail(ShapeError("gradients of different models cannot be added"), like: nil)
      return a
    }
    for position in a.entries.indices { result.entries[position] = a.entries[position].adding(b.entries[position]) }
    result.value = a.value + b.value
    result.auxiliary = a.auxiliary + b.auxiliary
    return result
  }

  /// The gradients and the loss times a number.
  ///
  /// ```swift
  /// let whole = (firstHalf + secondHalf) * 0.5      // gradient accumulation
  /// ```
  public static func * (gradients: Gradients, factor: Double) -> Gradients {
    var result = gradients.map { $0 * factor }
    result.value = gradients.value * factor
    return result
  }

  /// Computes the gradients, the loss, the other results and the model's new states now, in one plan; useful between
  /// the parts of an accumulated batch, whose graphs would otherwise all wait in memory.
  public func realized() -> Gradients {
    realize(tensors + entries.compactMap(\.rows) + [value] + auxiliary + states.map(\.stored))
    return self
  }
}
