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

  /// The state of a parameter.
  func state(of parameter: Parameter) -> State { slots[ObjectIdentifier(parameter)]?.state ?? State() }

  mutating func setState(_ state: State, of parameter: Parameter) { slots[ObjectIdentifier(parameter)]?.state = state }

  /// Counts one more step of a parameter, and gives the count.
  mutating func advance(_ parameter: Parameter, name: String) -> Int {
    let identifier = ObjectIdentifier(parameter)
    let steps = (slots[identifier]?.steps ?? 0) + 1
    if slots[identifier] == nil {
      slots[identifier] = Slot(parameter: parameter, name: name, steps: steps, state: State())
    } else {
      slots[identifier]?.steps = steps
      slots[identifier]?.name = name
    }
    return steps
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
