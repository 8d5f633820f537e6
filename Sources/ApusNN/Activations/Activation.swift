import ApusTensor

/// A function applied to each output of a layer, with the name it goes by in code, configurations and commands.
///
/// ```swift
/// Dense(784, 512, activation: .relu)
/// Dense(784, 512, activation: .leakyReLU(slope: 0.2))
/// let doubled = Activation("doubled") { $0 * 2 }
/// Sequential([Dense(784, 512), ActivationLayer(.relu), Dense(512, 10)])
/// ```
/// Formulas, gradients and papers stand with the functions of tensors, such as ``ApusTensor/relu(_:)``. A learnt slope is a
/// layer, ``PReLU``.
public struct Activation: Sendable, CustomStringConvertible {
  /// The name with the settings that are not the usual ones, such as `relu` or `leakyReLU:0.2`; ``named(_:)`` finds it.
  public let name: String
  private let code: String
  private let function: @Sendable (Tensor) -> Tensor

  /// A function with a name.
  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    (self.name, code, self.function) = (name, name, function)
  }

  /// A function with settings: name, value and usual value of each.
  init(
    _ name: String, _ settings: [(String, Double, Double)], _ function: @escaping @Sendable (Tensor) -> Tensor
  ) {
    self.function = function
    if settings.allSatisfy({ $0.1 == $0.2 }) {
      (self.name, code) = (name, name)
    } else {
      let values = settings.map { Naming.text($0.1) }
      self.name = name + ":" + values.joined(separator: ",")
      code = name + "(" + zip(settings, values).map { "\($0.0): \($1)" }.joined(separator: ", ") + ")"
    }
  }

  /// The function's value.
  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }

  /// Whether nothing is applied.
  public var isIdentity: Bool { name == "identity" }

  /// As in code: `relu`, `leakyReLU(slope: 0.2)`.
  public var description: String { code }
}

/// A layer that applies a function, for sequences.
///
/// ```swift
/// Sequential([BatchNorm(64), ActivationLayer(.relu)])
/// ```
public struct ActivationLayer: Layer, CustomStringConvertible {
  /// The function.
  public let activation: Activation

  /// A layer that applies the function.
  public init(_ activation: Activation) { self.activation = activation }

  /// The function's value.
  public func callAsFunction(_ x: Tensor) -> Tensor { activation(x) }

  /// Nothing: a walk by reflection would look at every property.
  public var namedParts: [(name: String, part: Any)]? { [] }

  /// The code that builds the layer.
  public var description: String { "ActivationLayer(.\(activation))" }
}
