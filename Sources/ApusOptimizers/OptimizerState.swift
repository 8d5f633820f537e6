import ApusNN
import ApusTensor

/// What an optimizer keeps of one parameter between steps: a value with optional tensors.
///
/// ```swift
/// struct State: OptimizerState {
///   var velocity: Tensor?
///   static var fields: [OptimizerField<Self>] { [.init("velocity", \.velocity)] }
/// }
/// ```
public protocol OptimizerState: Sendable {
  /// The state before the first step: nothing.
  init()
  /// The tensors, by the names checkpoints store them under.
  static var fields: [OptimizerField<Self>] { get }
  /// The tensors, in the order of the fields.
  var tensors: [Tensor?] { get set }
}

extension OptimizerState {
  /// The tensors, in the order of the fields.
  public var tensors: [Tensor?] {
    get { Self.fields.map { self[keyPath: $0.path] } }
    set { for (field, tensor) in zip(Self.fields, newValue) { self[keyPath: field.path] = tensor } }
  }
}

/// A tensor of an optimizer's state and its name.
public struct OptimizerField<State>: Sendable {
  /// The name in checkpoints.
  public let name: String
  /// The tensor; nil as long as the optimizer does not need it.
  public let path: any WritableKeyPath<State, Tensor?> & Sendable

  /// A tensor with a name.
  public init(_ name: String, _ path: any WritableKeyPath<State, Tensor?> & Sendable) {
    self.name = name
    self.path = path
  }
}

/// The states of all parameters an optimizer has updated.
public struct OptimizerMemory<State: OptimizerState> {
  struct Slot {
    var parameter: Parameter
    var name: String
    var steps: Int
    var state: State
  }

  /// The number of updates so far.
  public internal(set) var stepCount = 0
  var slots: [ObjectIdentifier: Slot] = [:]

  /// Nothing yet.
  public init() {}

  /// Counts one more step of a parameter, and gives the count and the state.
  mutating func advance(_ parameter: Parameter, name: String) -> (step: Int, state: State) {
    let identifier = ObjectIdentifier(parameter)
    var slot = slots[identifier] ?? Slot(parameter: parameter, name: name, steps: 0, state: State())
    slot.steps += 1
    slot.name = name
    slots[identifier] = slot
    return (slot.steps, slot.state)
  }

  mutating func setState(_ state: State, of parameter: Parameter) { slots[ObjectIdentifier(parameter)]?.state = state }

  /// Gives the computed tensors of a parameter's state nodes of their own.
  mutating func separate(_ parameter: Parameter) {
    let identifier = ObjectIdentifier(parameter)
    guard var slot = slots[identifier] else { return }
    slot.state.tensors = slot.state.tensors.map { $0?.separated() }
    slots[identifier] = slot
  }
}

extension Tensor {
  /// Zeros that exist already: unlike a recorded constant, they give the first step the plan of every later one.
  package static func storedZeros(like value: Tensor) -> Tensor {
    Tensor(HostArray(type: value.type) { $0.initializeMemory(as: UInt8.self, repeating: 0) })
  }
  /// A number everywhere that exists already, likewise.
  static func stored(_ value: Double, like tensor: Tensor) -> Tensor {
    if value == 0 { return storedZeros(like: tensor) }
    let count = tensor.count
    return Tensor(
      tensor.dtype == .float64
        ? HostArray([Double](repeating: value, count: count), shape: tensor.shape)
        : HostArray([Float](repeating: Float(value), count: count), shape: tensor.shape))
  }
}
