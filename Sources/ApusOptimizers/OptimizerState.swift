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
    var steps = 0
    /// The tensors of the state, in the order of its fields.
    var tensors: [Tensor?] = State().tensors
  }

  /// The number of updates so far.
  public internal(set) var stepCount = 0
  private(set) var slots: [Slot] = []
  private var positions: [ObjectIdentifier: Int] = [:]

  /// Nothing yet.
  public init() {}

  mutating func append(_ slot: Slot) {
    positions[ObjectIdentifier(slot.parameter)] = slots.count
    slots.append(slot)
  }

  /// Counts one more step of a parameter, and says where its state is.
  mutating func advance(_ parameter: Parameter, name: String) -> Int {
    let position: Int
    if let known = positions[ObjectIdentifier(parameter)] {
      position = known
    } else {
      position = slots.count
      append(Slot(parameter: parameter, name: name))
    }
    slots[position].steps += 1
    slots[position].name = name
    return position
  }

  mutating func setTensors(_ tensors: [Tensor?], at position: Int) { slots[position].tensors = tensors }

  /// Gives the computed tensors of a parameter's state nodes of their own.
  mutating func separate(at position: Int) {
    for field in slots[position].tensors.indices {
      slots[position].tensors[field] = slots[position].tensors[field]?.separated()
    }
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
