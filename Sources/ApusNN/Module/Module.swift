import ApusTensor

/// A network or a part of one: a plain value whose stored properties are parameters, other modules, or arrays,
/// optionals, dictionaries and tuples of them.
///
/// ```swift
/// struct Classifier: Layer {
///   var hidden = Dense(784, 100, activation: .relu)
///   var output = Dense(100, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
/// }
/// print(Classifier().parameters.map(\.name))
/// // ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
/// ```
/// The parameters are found by reflection each time they are asked for. Reflection sees stored properties only: a
/// parameter that is reached in another way, such as through a closure, stops ``valueWithGradient(of:_:)``.
public protocol Module {
  /// The parts that hold parameters, in order and with their names; nil, the default, means the stored properties.
  ///
  /// Containers whose parts need other names than the properties implement it: these names are used as they are, such as
  /// `Mixed_5b`, where those of properties become `snake_case`. A part with an empty name passes its own parts on.
  var namedParts: [(name: String, part: Any)]? { get }
}

extension Module {
  /// The stored properties are the parts.
  public var namedParts: [(name: String, part: Any)]? { nil }
}

/// A module that maps one tensor to one.
public protocol Layer: Module {
  /// The output for an input.
  func callAsFunction(_ x: Tensor) -> Tensor

  /// What training judges: the output, and those of heads that only training uses; see ``AuxiliaryOutput``.
  ///
  /// Networks without such heads, nearly all, need not implement it.
  func trainingOutputs(_ x: Tensor) -> (main: Tensor, auxiliary: [AuxiliaryOutput])
}

extension Layer {
  /// The output alone.
  public func trainingOutputs(_ x: Tensor) -> (main: Tensor, auxiliary: [AuxiliaryOutput]) { (self(x), []) }
}

/// A parameter and the path by which a model holds it.
public struct NamedParameter: Sendable {
  /// The path, such as `conv1.weight` or `layers.0.bias`.
  public let name: String
  /// The parameter.
  public let parameter: Parameter
}

extension Module {
  /// Every parameter, states included, in the order of the stored properties, with its path.
  ///
  /// A parameter that is held in several places is listed once, by its first path.
  public var parameters: [NamedParameter] { ModuleWalk.parameters(of: self) }

  /// The parameters that are trained.
  public var trainableParameters: [NamedParameter] { parameters.filter { $0.parameter.isTrainable } }

  /// The number of learnt numbers: elements of all parameters but states, frozen ones included.
  public var parameterCount: Int {
    parameters.reduce(0) { $1.parameter.role == .state ? $0 : $0 + $1.parameter.count }
  }

  /// The module itself, under the empty path, and every module inside it, each before its parts.
  public var modules: [(name: String, module: any Module)] { ModuleWalk.modules(of: self) }

  /// Stops training of all parameters, or allows it again; states stay untrained.
  public func setTrainable(_ isTrainable: Bool) {
    for named in parameters { named.parameter.isTrainable = isTrainable }
  }

  /// Converts the floating-point parameters, in place.
  ///
  /// ```swift
  /// let model = LeNet5()
  /// model.convert(to: .float64)     // before a gradient check
  /// ```
  public func convert(to dtype: DType) {
    for named in parameters {
      let old = named.parameter.stored
      guard old.dtype.isFloatingPoint, old.dtype != dtype else { continue }
      named.parameter.replace(Tensor(old.hostArray().converted(to: dtype)))
    }
  }
}

extension HostArray {
  /// The same elements, rounded to another type.
  package func converted(to dtype: DType) -> HostArray {
    let shape = self.shape
    return switch dtype {
    case .float32: HostArray(scalars(as: Float.self), shape: shape)
    case .float64: HostArray(scalars(as: Double.self), shape: shape)
    case .int32: HostArray(scalars(as: Int32.self), shape: shape)
    case .int64: HostArray(scalars(as: Int64.self), shape: shape)
    case .uint8: HostArray(scalars(as: UInt8.self), shape: shape)
    case .bool: HostArray(scalars(as: Bool.self), shape: shape)
    }
  }
}
