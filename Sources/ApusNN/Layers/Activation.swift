import ApusTensor

/// A function applied to each output of a layer, with the name it goes by in code, configurations and commands.
///
/// ```swift
/// Dense(784, 512, activation: .relu)
/// let doubled = Activation("doubled") { $0 * 2 }
/// Sequential { Dense(784, 512); Activation.relu; Dense(512, 10) }
/// ```
public struct Activation: Layer, Sendable, CustomStringConvertible {
  /// The name, such as `relu`.
  public let name: String
  private let function: @Sendable (Tensor) -> Tensor

  /// A function with a name.
  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }

  /// The function's value.
  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }

  /// Whether nothing is applied.
  public var isIdentity: Bool { name == "identity" }

  /// The code that names the function.
  public var description: String { "Activation.\(name)" }

  /// x.
  public static let identity = Activation("identity") { $0 }
  /// max(x, 0) (Nair and Hinton, 2010).
  public static let relu = Activation("relu") { Tensor.record(Unary(.rectify), [$0]) }
  /// 1 / (1 + exp(-x)).
  public static let sigmoid = Activation("sigmoid") { Tensor.record(Unary(.sigmoid), [$0]) }
  /// The hyperbolic tangent.
  public static let tanh = Activation("tanh") { Tensor.record(Unary(.hyperbolicTangent), [$0]) }
  /// 1.7159 tanh(2x/3), the activation of LeNet-5 in 1998 (LeCun, Bottou, Bengio, Haffner, 1998).
  public static let scaledTanh = Activation("scaledTanh") {
    Tensor.record(Unary(.hyperbolicTangent), [$0 * (2.0 / 3)]) * 1.7159
  }

  /// Every named activation.
  public static let all: [Activation] = [.identity, .relu, .sigmoid, .tanh, .scaledTanh]

  /// The activation with a name, or nil.
  public static func named(_ name: String) -> Activation? { all.first { $0.name == name } }
}
